import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymised } from '../../components/tenancy/anonymise';
import { claimsOf } from '../../components/tenancy/attack-sql';
import { attacksOf } from '../../components/tenancy/attacks';
import { compileTenancy } from '../../components/tenancy/compile';
import { startServer, type Server } from '../sql/support/server';
import {
  audiences,
  declaration,
  deployDeclared,
  putUp,
  run,
  sides,
  surprises,
} from './support/declared';
import { bent, without } from './support/bent';

let server: Server;
let admin: Client;
let client: Client;
const attacks = attacksOf(declaration);

beforeAll(async () => {
  server = await startServer();
  admin = await deployDeclared(server, 'columns');
  client = await server.connect('strata_authenticator', 'columns');
});

afterAll(() => server.stop());

const { shared } = audiences;

describe("a tenant's own schema", () => {
  const { schema } = audiences;
  /** Whoever signs tokens is deceived: the session claims to be the other tenant, in a schema that is not its own. */
  const forged = claimsOf({ by: { who: 'admin' } }, { ...sides, own: sides.victim }, schema).claims;
  const deceived = async (): Promise<string[]> =>
    Promise.all(
      ['drops', 'folders', 'papers']
        .map((table) => `select 1 from ${schema.schema}.${table}`)
        .concat([
          `insert into ${schema.schema}.drops (body) values ('x')`,
          `update ${schema.schema}.papers set body = 'x'`,
          `delete from ${schema.schema}.papers`,
        ])
        .reduce<Promise<string>[]>((all, statement) => {
          const last = all.at(-1) ?? Promise.resolve('');
          return [...all, last.then(() => run(client, schema.role, forged, statement))];
        }, []),
    );

  test('has a lock that does not ask whom the session acts for', async () => {
    expect(await deceived()).toEqual([
      'refused',
      'nothing',
      'nothing',
      'refused',
      'nothing',
      'nothing',
    ]);
  });

  test('is open to forged claims without that lock', async () => {
    await putUp(admin, without(compileTenancy(declaration, schema), 'tenant_lock'));
    const open = await deceived();
    await putUp(admin, compileTenancy(declaration, schema));
    expect(open).toEqual(['refused', 'rows', 'rows', 'rows', 'rows', 'rows']);
  });

  test('is closed to the role of those who share tables, and theirs to its role', async () => {
    const { claims } = claimsOf({ by: { who: 'admin' } }, sides, schema);
    expect(
      await run(client, 'strata_tenant', claims, `select 1 from ${schema.schema}.papers`),
    ).toBe('refused');
    expect(await run(client, schema.role, claims, 'select 1 from app.papers')).toBe('refused');
  });
});

describe('a tenant that has moved', () => {
  const { claims } = claimsOf({ by: { who: 'admin' } }, sides, shared);
  const write = (): Promise<string> =>
    run(client, shared.role, claims, `insert into app.drops (body) values ('x')`);

  test('is written to no more where it was', async () => {
    await admin.query(
      `insert into tenancy.away (tenant_id, schema) values ('${sides.own.tenant}', 'app')`,
    );
    const away = await write();
    await admin.query('delete from tenancy.away');
    expect(away).toMatch(/^ST001 /);
    expect(await write()).toBe('rows');
  });

  test('would be written to without the trigger', async () => {
    await admin.query(
      `insert into tenancy.away (tenant_id, schema) values ('${sides.own.tenant}', 'app')`,
    );
    await admin.query('alter table app.drops disable trigger strata_hold');
    const away = await write();
    await admin.query('alter table app.drops enable trigger strata_hold; delete from tenancy.away');
    expect(away).toBe('rows');
  });
});

describe('hidden columns', () => {
  test('that do not exist are refused, because a misspelt one would be shown', async () => {
    const wrong = putUp(admin, compileTenancy(bent('app.papers', { hidden: ['scroe'] }), shared));
    await expect(wrong).rejects.toThrow('no such column: scroe');
    await admin.query('rollback');
    expect(await surprises(client, 'shared', attacks)).toEqual([]);
  });

  test('stay hidden when the table gets another column, which is not shown before it is fenced again', async () => {
    await admin.query('alter table app.papers add column later text');
    const { claims } = claimsOf({ by: { who: 'admin' } }, sides, shared);
    const read = (): Promise<string> =>
      run(client, shared.role, claims, 'select later from app.papers');
    expect(await read()).toBe('refused');
    await putUp(admin, compileTenancy(declaration, shared));
    expect(await read()).toBe('rows');
    expect(await surprises(client, 'shared', attacks)).toEqual([]);
    await admin.query('alter table app.papers drop column later');
  });

  test('are what Hasura returns from mutations to itself', async () => {
    const hasura = await server.connect('strata_hasura', 'columns');
    const { claims } = claimsOf({ by: { who: 'admin' } }, sides, shared);
    await hasura.query('begin');
    await hasura.query(`select set_config('hasura.user', $1, true)`, [JSON.stringify(claims)]);
    const { rowCount } = await hasura.query(`update app.papers set body = 'x' returning *`);
    await hasura.query('rollback');
    expect(rowCount).toBe(2);
  });
});

describe('scopes', () => {
  const { claims } = claimsOf({ by: { who: 'admin' } }, sides, shared);
  const remove = (scopes: unknown): Promise<string> =>
    run(
      client,
      shared.role,
      { ...claims, 'x-hasura-scopes': scopes as string },
      'delete from app.papers',
    );

  test.each<[unknown, string]>([
    ['graphql:write', 'rows'],
    ['graphql:*', 'rows'],
    ['storage:read graphql:write', 'rows'],
    ['', 'nothing'],
    [' ', 'nothing'],
    ['graphql:read', 'nothing'],
    ['graphql:writes', 'nothing'],
    ['graphql', 'nothing'],
    ['*', 'nothing'],
    ['*:*', 'nothing'],
    ['GRAPHQL:WRITE', 'nothing'],
    ['graphql:read,graphql:write', 'nothing'],
    ['{graphql:write}', 'nothing'],
    [null, 'nothing'],
    [['graphql:write'], 'nothing'],
    [{ 'graphql:write': true }, 'nothing'],
    [true, 'nothing'],
  ])('of %j come to %s', async (scopes, expected) => {
    expect(await remove(scopes)).toBe(expected);
  });

  test.each([
    ['graphql:write', 2],
    ['graphql:read', 0],
    ['', 2],
  ])('of a backend, %j, let %i rows be deleted', async (scopes, rows) => {
    const backend = await server.connect('strata_app', 'columns');
    const settings = {
      'app.tenant_id': claims?.['x-hasura-tenant-id'],
      'app.user_id': claims?.['x-hasura-user-id'],
      'app.role': 'admin',
      'app.scopes': scopes,
    };
    await backend.query('begin');
    for (const setting of Object.entries(settings))
      await backend.query('select set_config($1, $2, true)', setting);
    const { rowCount } = await backend.query('delete from app.papers');
    await backend.query('rollback');
    expect(rowCount).toBe(rows);
  });
});

describe('anonymous values', () => {
  test('are equal for equal ones, different otherwise, empty for empty ones, and another with another salt', async () => {
    const ways = {
      email: 'email',
      name: 'name',
      body: 'text',
      phone: 'erase',
      born: { value: '1970-01-01' },
    } as const;
    const make = async (salt: string): Promise<Record<string, unknown>[]> => {
      const columns = [...anonymised({ personal: ways }, salt)].map(
        ([column, sql]) => `${sql} as ${column}`,
      );
      const { rows } = await admin.query<Record<string, unknown>>(
        `select ${columns.join(', ')} from (values
          ('ann@example.com', 'Ann O''Hara', 'héllo\\', '123', date '1999-12-31'),
          ('ann@example.com', 'Bob', '', '456', date '1999-12-30'),
          (null, null, null, null, null)) as people (email, name, body, phone, born)`,
      );
      return rows;
    };
    const [ann, again, nobody] = await make("salt with ' and \\ inside");
    const [other] = await make('another salt, 16+');
    expect(ann?.email).toMatch(/^[0-9a-f]{20}@example\.invalid$/);
    expect(again?.email).toBe(ann?.email);
    expect(other?.email).not.toBe(ann?.email);
    expect(ann?.name).toMatch(/^Person [0-9a-f]{20}$/);
    expect(again?.name).not.toBe(ann?.name);
    expect([ann?.body, again?.body]).toEqual(['xxxxxx', '']);
    expect([ann?.phone, ann?.born]).toEqual([null, '1970-01-01']);
    expect(nobody).toEqual({ email: null, name: null, body: null, phone: null, born: null });
  });
});
