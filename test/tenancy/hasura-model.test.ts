import fc from 'fast-check';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { hasuraRules } from '../../components/tenancy/hasura';
import { hasuraMetadata } from '../../components/tenancy/hasura-metadata';
import { roleOf, scopeOf } from '../../components/tenancy/rules';
import { startServer, type Server } from '../sql/support/server';
import { declarations } from '../support/declarations';
import { runs, seed } from '../support/random';
import { putUp } from './support/declared';
import {
  holds,
  permitted,
  presets,
  type ModelledTable,
  type Row,
  type Session,
} from './support/hasura-model';
import { makeRandomTables, sides } from './support/random-tables';

const numRuns = runs(60);
const { own, victim } = sides;
const people: readonly Session[] = [
  [own.user, 'tenant_admin'] as const,
  [own.other, 'tenant_member'] as const,
].map(([user, role]) => ({
  'x-hasura-tenant-id': own.tenant,
  'x-hasura-user-id': user,
  'x-hasura-role': role,
}));

let server: Server;
let admin: Client;
let tenants: Client;
let hasura: Client;

beforeAll(async () => {
  server = await startServer();
  admin = await makeRandomTables(server, 'hasura_model');
  // The same people belong to the other tenant too, and have rows there.
  for (const user of [own.user, own.other]) {
    await admin.query(
      `insert into registry.members values ('${victim.tenant}', '${user}', 'admin')`,
    );
    for (const table of ['a', 'b', 'c', 'd']) {
      await admin.query(
        `insert into app.${table} (tenant_id, owner_id) values ('${victim.tenant}', '${user}')`,
      );
    }
  }
  tenants = await server.connect('strata_authenticator', 'hasura_model');
  hasura = await server.connect('strata_hasura', 'hasura_model');
});

afterAll(() => server.stop());

/** Runs one statement as somebody and takes it back; undefined when it was refused. */
async function attempt(
  client: Client,
  session: Session,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[] | undefined> {
  const mutates = client === hasura;
  await client.query('begin');
  try {
    await (mutates
      ? client.query(`select set_config('hasura.user', $1, true)`, [JSON.stringify(session)])
      : client.query(
          `select set_config('role', 'strata_tenant', true), set_config('request.jwt.claims', $1, true)`,
          [JSON.stringify({ 'https://hasura.io/jwt/claims': session })],
        ));
    return (await client.query<Row>(text, [...values])).rows;
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    return undefined;
  } finally {
    await client.query('rollback');
  }
}

/** One declaration, in the database and in the model. */
class Estate {
  constructor(
    readonly declaration: TenancyDeclaration,
    private readonly columns: Readonly<Record<string, readonly string[]>>,
    private readonly tables: ReadonlyMap<string, ModelledTable>,
    private readonly rows: ReadonlyMap<string, readonly Row[]>,
  ) {}

  static async of(declaration: TenancyDeclaration): Promise<Estate> {
    await putUp(admin, compileTenancy(declaration));
    const all = [...Object.keys(declaration.tables), ...Object.keys(declaration.shared ?? {})];
    const found = await admin.query<{ table: string; columns: string[] }>(
      `select attrelid::regclass::text as table, array_agg(attname::text order by attnum) as columns
       from pg_attribute where attrelid = any ($1::regclass[]) and attnum > 0 and not attisdropped group by 1`,
      [all],
    );
    const columns = Object.fromEntries(found.rows.map((one) => [one.table, one.columns]));
    const rows = new Map<string, readonly Row[]>();
    for (const table of all) {
      rows.set(table, (await admin.query<Row>(`select * from ${table}`)).rows);
    }
    const [source] = hasuraMetadata(hasuraRules(declaration), columns).sources;
    const tables = new Map(source?.tables.map((one) => [`app.${one.table.name}`, one]));
    return new Estate(declaration, columns, tables, rows);
  }

  get names(): string[] {
    return [...this.rows.keys()];
  }

  /** What a query answers. */
  queried(table: string, session: Session): { columns: readonly string[]; rows: Row[] } {
    const rules = permitted(this.tables.get(table), 'select', session);
    if (!rules) return { columns: [], rows: [] };
    const rows = this.rows.get(table)?.filter((row) => holds(rules.filter, row, session)) ?? [];
    return { columns: rules.columns ?? [], rows };
  }

  /** What somebody may read of a table according to Postgres. */
  async read(
    table: string,
    session: Session,
  ): Promise<{ columns: readonly string[]; rows: Row[] }> {
    const granted = await admin.query<{ name: string }>(
      `select attname::text as name from unnest($2::text[]) attname
       where has_column_privilege('strata_tenant', $1::regclass, attname, 'select')`,
      [table, this.columns[table]],
    );
    const columns = granted.rows.map(({ name }) => name);
    if (columns.length === 0) return { columns: [], rows: [] };
    const rows = await attempt(tenants, session, `select ${columns.join(', ')} from ${table}`);
    return { columns, rows: rows ?? [] };
  }

  /** How many rows Hasura's statement changes in a mutation, which has its filter and passes row level security. */
  async mutated(command: 'update' | 'delete', table: string, session: Session): Promise<number> {
    const rules = permitted(this.tables.get(table), command, session);
    const column = command === 'update' ? rules?.columns?.find(isText) : 'any';
    if (!rules || column === undefined) return 0;
    const ids = this.rows
      .get(table)
      ?.filter((row) => holds(rules.filter, row, session))
      .map((row) => row.id);
    const text =
      command === 'update'
        ? `update ${table} set ${column} = 'new' where id = any ($1) returning 1`
        : `delete from ${table} where id = any ($1) returning 1`;
    return (await attempt(hasura, session, text, [ids]))?.length ?? 0;
  }

  /** How many a tenant's own statement changes, which says nothing of whose rows. */
  async changed(command: 'update' | 'delete', table: string, session: Session): Promise<number> {
    const column = this.columns[table]?.find(
      (name) => isText(name) && this.writable(table).includes(name),
    );
    if (command === 'update' && column === undefined) return 0;
    const statement =
      command === 'update' ? `update ${table} set ${column ?? ''} = 'new'` : `delete from ${table}`;
    // Their number is wanted and not their columns, some of which nobody may see.
    const text = `with done as (${statement} returning 1) select 1 from done`;
    return (await attempt(tenants, session, text))?.length ?? 0;
  }

  /** Whether a row of somebody's may be added, in the model and in a mutation. */
  async added(table: string, session: Session, owner: string): Promise<[boolean, boolean]> {
    const rules = permitted(this.tables.get(table), 'insert', session);
    if (!rules) return [false, false];
    const given = {
      ...(rules.columns?.includes('owner_id') && { owner_id: owner }),
      ...presets(rules, session),
    };
    const defaults = {
      tenant_id: session['x-hasura-tenant-id'],
      owner_id: session['x-hasura-user-id'],
    };
    const columns = Object.keys(given);
    const text = columns.length
      ? `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, at) => `$${String(at + 1)}`).join(', ')})`
      : `insert into ${table} default values`;
    const there = await attempt(hasura, session, text, Object.values(given));
    return [holds(rules.check, { ...defaults, ...given }, session), there !== undefined];
  }

  private writable(table: string): readonly string[] {
    const { columns, hidden = [] } = this.declaration.tables[table] ?? {};
    return columns ?? (this.columns[table] ?? []).filter((name) => !hidden.includes(name));
  }
}

const isText = (column: string): boolean => ['body', 'name'].includes(column);

const sorted = (rows: readonly Row[], columns: readonly string[]): string[] =>
  rows.map((row) => JSON.stringify(columns.map((column) => row[column]))).sort();

test(`the metadata shows what row level security shows, in a model of Hasura (STRATA_TEST_SEED=${seed}, ${numRuns} declarations)`, async () => {
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      const estate = await Estate.of(declaration);
      for (const table of estate.names) {
        const scope = scopeOf(declaration.tables[table]?.read ?? 'member');
        for (const session of people) {
          const model = estate.queried(table, session);
          const real = await estate.read(table, session);
          // Hasura does not know a person from an API key without the scope, so it shows such a table to neither.
          if (scope !== undefined && scope !== 'graphql:read') {
            expect(model).toEqual({ columns: [], rows: [] });
            continue;
          }
          // A role that sees no row of a table at all is not shown the table.
          if (model.columns.length > 0) expect(model.columns).toEqual(real.columns);
          expect(sorted(model.rows, model.columns)).toEqual(sorted(real.rows, real.columns));
          shown += model.rows.length;
        }
      }
    }),
    { seed, numRuns, endOnFailure: true },
  );
  expect(shown).toBeGreaterThan(numRuns);
});

test(`and lets nobody change or add more, nor less where all may be read (STRATA_TEST_SEED=${seed})`, async () => {
  const done = { update: 0, delete: 0, insert: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      const estate = await Estate.of(declaration);
      for (const [table, rules] of Object.entries(declaration.tables)) {
        for (const session of people) {
          for (const command of ['update', 'delete'] as const) {
            const mutated = await estate.mutated(command, table, session);
            const changed = await estate.changed(command, table, session);
            // What is to be found by a condition must be readable.
            if (roleOf(rules.read) === 'member') expect(mutated).toBe(changed);
            else expect(mutated).toBeLessThanOrEqual(changed);
            done[command] += mutated;
          }
          for (const owner of [own.user, own.other]) {
            const [model, real] = await estate.added(table, session, owner);
            expect(model).toBe(real);
            done[real ? 'insert' : 'refused'] += 1;
          }
        }
      }
    }),
    { seed, numRuns, endOnFailure: true },
  );
  for (const count of Object.values(done)) expect(count).toBeGreaterThan(numRuns);
});
