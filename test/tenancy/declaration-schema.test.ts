import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaClaims } from '../../components/tenancy/claims';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { root } from '../../engine/root';
import { platformSchemas } from '../../provider/audit/names';
import type { Context } from '../../provider/host/resource';
import { conflicts, declared, type DeclaredInputs } from '../../provider/tenancy/declared';
import { unknownTables } from '../../provider/tenancy/unknown';
import { startServer, type Server } from '../sql/support/server';
import { audiences, declaration, deployDeclared } from './support/declared';

let server: Server;
let admin: Client;
let inputs: DeclaredInputs;
const said: string[] = [];
const context: Context = {
  urn: 'urn:pulumi:test::strata::strata:tenancy:Declaration::declaration',
  stack: 'test',
  name: 'declaration',
  signal: new AbortController().signal,
  progress: () => undefined,
  warn: (text) => said.push(text),
};

beforeAll(async () => {
  server = await startServer();
  admin = await deployDeclared(server, 'agreed');
  inputs = {
    url: server.url('strata_migrator', 'agreed'),
    cluster: 'test',
    schema: '1',
    claims: schemaClaims(declaration),
    unknown: 'refuse',
  };
});

afterAll(() => server.stop());

/** Runs a statement as the owner, looks, and undoes it by another. */
async function around<T>(sql: string, undo: string, look: () => Promise<T>): Promise<T> {
  await admin.query(`set role strata_owner; ${sql}; reset role`);
  try {
    return await look();
  } finally {
    await admin.query(undo);
  }
}

const names = Object.keys({ ...declaration.tables, ...declaration.shared });
const unknown = 'stands in the database but not in tenancy.ts';

describe('a table that the declaration does not know', () => {
  test('is none where everything is declared', async () => {
    expect(await unknownTables(admin, names)).toEqual([]);
    expect(await conflicts(admin, schemaClaims(declaration))).toEqual({ unknown: [], wrong: [] });
    expect(await conflicts(admin, schemaClaims(declaration), audiences.schema.schema)).toEqual({
      unknown: [],
      wrong: [],
    });
  });

  test.each([
    ['in app', 'create table app.labels (id int)', 'drop table app.labels', ['app.labels']],
    [
      'of parts',
      'create table app.parts (id int) partition by list (id); create table app.parts_1 partition of app.parts for values in (1)',
      'drop table app.parts',
      ['app.parts'],
    ],
    [
      'in a schema that a migration made',
      'reset role; create schema more authorization strata_owner; set role strata_owner; create table more.labels (id int)',
      'drop schema more cascade',
      ['more.labels'],
    ],
    [
      'in public',
      'reset role; create table public.labels (id int)',
      'drop table public.labels',
      ['public.labels'],
    ],
    [
      'with an odd name',
      'create table app."Labels; --" (id int)',
      'drop table app."Labels; --"',
      ['app.Labels; --'],
    ],
    [
      'that inherits',
      'create table app.heirs () inherits (app.papers)',
      'drop table app.heirs',
      ['app.heirs'],
    ],
    ['that is a view', 'create view app.seen as select 1 as one', 'drop view app.seen', []],
    [
      'of one session',
      'reset role; create temporary table passing (id int)',
      'drop table passing',
      [],
    ],
    [
      "of another tenant's place",
      `create table ${audiences.schema.schema}.labels (id int)`,
      `drop table ${audiences.schema.schema}.labels`,
      [],
    ],
    [
      'of an extension',
      'reset role; create table app.extra (id int); alter extension plpgsql add table app.extra',
      'alter extension plpgsql drop table app.extra; drop table app.extra',
      [],
    ],
  ])('%s', async (_what, sql, undo, expected) => {
    const found = await around(sql, undo, () => unknownTables(admin, names));
    expect(found).toEqual(expected);
  });

  test('is found at the place of one tenant too', async () => {
    const { schema } = audiences.schema;
    const found = await around(
      `create table ${schema}.labels (id int)`,
      `drop table ${schema}.labels`,
      () => conflicts(admin, schemaClaims(declaration), schema),
    );
    expect(found.unknown).toHaveLength(1);
    expect(found.unknown[0]).toContain(`${schema}.labels ${unknown}`);
  });

  test('of the platform stands in a schema that is known to be', () => {
    const made = readdirSync(path.join(root, 'sql'))
      .filter((file) => file.endsWith('.sql'))
      .flatMap((file) => [
        ...readFileSync(path.join(root, 'sql', file), 'utf8').matchAll(
          /^create schema (?:if not exists )?(\w+)/gm,
        ),
      ])
      .map(([, schema]) => schema ?? '');
    expect(made.filter((schema) => schema !== 'app' && !platformSchemas.has(schema))).toEqual([]);
  });
});

describe('the resource', () => {
  test('refuses it, with the table and the remedy, and finds nothing else', async () => {
    const refused = around('create table app.labels (id int)', 'drop table app.labels', () =>
      declared.create(inputs, context),
    );
    await expect(refused).rejects.toThrow(
      'The database and tenancy.ts do not agree:\n' +
        `  - app.labels ${unknown}: declare it in tables, or in shared when its rows are no tenant's ('nobody' leaves it to maintenance), or drop it in a migration`,
    );
  });

  test('warns where it is to report only, and has nothing to do the next time', async () => {
    said.length = 0;
    const reporting: DeclaredInputs = { ...inputs, unknown: 'report' };
    const read = await around(
      'create table app.labels (id int)',
      'drop table app.labels',
      async () => {
        const { id, state } = await declared.create(reporting, context);
        return declared.read(id, state, context);
      },
    );
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`app.labels ${unknown}`);
    expect(read && declared.diff(read, reporting)).toEqual({});
  });

  test('shows a table that somebody made by hand as drift', async () => {
    const { id, state } = await declared.create(inputs, context);
    expect(declared.diff(state, inputs)).toEqual({});
    const read = await around('create table app.labels (id int)', 'drop table app.labels', () =>
      declared.read(id, state, context),
    );
    expect(read && declared.diff(read, inputs)).toEqual({ live: 'update' });
  });

  test('shows what changed of the declaration by its table, whatever order it is written in', async () => {
    const { state } = await declared.create(inputs, context);
    const { claims } = inputs;
    const reversed = Object.fromEntries(Object.entries(claims.tables).reverse());
    expect(declared.diff(state, { ...inputs, claims: { ...claims, tables: reversed } })).toEqual(
      {},
    );
    const changed = { ...claims.tables, 'app.papers': { parents: { folder_id: 'app.folders' } } };
    expect(declared.diff(state, { ...inputs, claims: { ...claims, tables: changed } })).toEqual({
      'claims.tables["app.papers"]': 'update',
    });
    expect(declared.diff(state, { ...inputs, claims: { ...claims, shared: [] } })).toEqual({
      'claims.shared': 'update',
    });
  });
});

describe('a declaration that the schema does not bear out', () => {
  const papers = declaration.tables['app.papers'];
  const wrongWith = async (table: string, rules: object): Promise<string[]> => {
    const tables = {
      ...declaration.tables,
      [table]: { ...declaration.tables[table], ...rules },
    } as TenancyDeclaration['tables'];
    return (await conflicts(admin, schemaClaims({ ...declaration, tables }))).wrong;
  };

  test('is told which personal column there is not, and which cannot be emptied', async () => {
    expect(
      await wrongWith('app.papers', { personal: { bodi: 'text', body: 'erase', score: 'erase' } }),
    ).toEqual([
      'app.papers.personal names bodi, and there is no such column',
      "app.papers.personal.body is 'erase' but the column may not be null: write { value: '…' } or another way",
    ]);
  });

  test('is told which reference there is not, and which it does not name', async () => {
    expect(papers?.parents).toEqual({ folder_id: 'app.folders' });
    expect(await wrongWith('app.papers', { parents: { author_id: 'app.folders' } })).toEqual([
      'app.papers.parents says that author_id refers to app.folders, and no foreign key does: ' +
        'add foreign key (tenant_id, author_id) references app.folders in a migration, or take it out',
      "app.papers refers to app.folders by papers_tenant_id_folder_id_fkey: say so in tenancy.ts, parents: { folder_id: 'app.folders' }",
    ]);
  });

  test('is told that tables in a circle need references that can wait', async () => {
    const sql =
      'alter table app.folders add column cover_id uuid, add constraint cover foreign key (tenant_id, cover_id) references app.papers on delete set null (cover_id)';
    const undo = 'alter table app.folders drop column cover_id';
    const circle = { parents: { parent_id: 'app.folders', cover_id: 'app.papers' } };
    expect(await around(sql, undo, () => wrongWith('app.folders', circle))).toEqual([
      'app.papers and app.folders refer to each other, so no order of writing their rows is known: ' +
        'alter table app.papers alter constraint papers_tenant_id_folder_id_fkey deferrable',
    ]);
    const mended = `${sql}; alter table app.papers alter constraint papers_tenant_id_folder_id_fkey deferrable`;
    const restored = `${undo}; alter table app.papers alter constraint papers_tenant_id_folder_id_fkey not deferrable`;
    expect(await around(mended, restored, () => wrongWith('app.folders', circle))).toEqual([]);
  });
});
