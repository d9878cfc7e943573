import { once } from 'node:events';
import type { Client, Notification } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPlatform } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { rightsOf } from '../support/rights';

const active = '00000000-0000-4000-8000-000000000001';
const suspended = '00000000-0000-4000-8000-000000000002';
const others = [
  'strata_admin_page',
  'strata_app',
  'strata_auditor',
  'strata_authenticator',
  'strata_dispatcher',
  'strata_guard',
  'strata_hasura',
  'strata_migrator',
  'strata_monitor',
  'strata_oauth',
  'strata_sessions',
];

describe('what the pooler may know of the registry', () => {
  let server: Server;
  let admin: Client;
  let pooler: Client;

  beforeAll(async () => {
    server = await startServer();
    const first = await server.connect('postgres', 'postgres');
    await first.query('create database strata');
    await installPlatform(server, 'strata');
    admin = await server.connect('postgres', 'strata');
    await admin.query(
      `insert into registry.shards values ('east', '10.0.0.2', 5433);
       insert into registry.tenants (id, slug, name, model, status, shard, generation, max_connections) values
         ('${active}', 'acme', 'Acme', 'database', 'active', 'east', 3, 7),
         ('${suspended}', 'globex', 'Globex', 'database', 'suspended', 'main', 1, null),
         (gen_random_uuid(), 'new', 'New', 'database', 'provisioning', 'main', 1, null),
         (gen_random_uuid(), 'old', 'Old', 'database', 'deleting', 'main', 1, null),
         (gen_random_uuid(), 'rows', 'Rows', 'shared', 'active', 'main', 1, null),
         (gen_random_uuid(), 'own', 'Own', 'schema', 'active', 'main', 1, null)`,
    );
    pooler = await server.connect('strata_pooler', 'strata');
  });

  afterAll(() => server.stop());

  test('is active tenants with a database of their own, by id, and the addresses of shards', async () => {
    const tenants = await pooler.query<object>('select * from tenancy.pooled_tenants()');
    const shards = await pooler.query<object>('select * from tenancy.pooled_shards()');
    expect([tenants.rows, shards.rows]).toEqual([
      [{ id: active, shard: 'east', generation: 3, max_connections: 7 }],
      [
        { name: 'east', host: '10.0.0.2', port: 5433 },
        { name: 'main', host: null, port: null },
      ],
    ]);
  });

  test('comes by two functions: it may run no other, reach no table, and become nobody', async () => {
    expect(await rightsOf(admin, 'strata_pooler')).toEqual({
      functions: ['tenancy.pooled_shards', 'tenancy.pooled_tenants'],
      tables: null,
      creates: null,
      becomes: null,
      attributes: '(f,f,f,f,f,f,2)',
    });
  });

  test.each(others)('is nothing that %s may ask', async (login) => {
    const client = await server.connect(login, 'strata');
    for (const name of ['pooled_tenants', 'pooled_shards']) {
      await expect(client.query(`select * from tenancy.${name}()`)).rejects.toThrow(
        /permission denied/,
      );
    }
    await client.end();
  });

  test('is bound to the login: whoever else may run the functions sees nothing', async () => {
    await admin.query('grant execute on function tenancy.pooled_tenants() to strata_hasura');
    const hasura = await server.connect('strata_hasura', 'strata');
    const { rows } = await hasura.query('select * from tenancy.pooled_tenants()');
    await admin.query('revoke execute on function tenancy.pooled_tenants() from strata_hasura');
    expect(rows).toEqual([]);
  });

  test.each([
    [
      'a tenant is suspended',
      `update registry.tenants set status = 'suspended' where id = '${active}'`,
    ],
    ['a tenant comes back', `update registry.tenants set status = 'active' where id = '${active}'`],
    ['a tenant is moved', `update registry.tenants set shard = 'main' where id = '${active}'`],
    ['a password is changed', `update registry.tenants set generation = 4 where id = '${active}'`],
    ['a limit is set', `update registry.tenants set max_connections = 1 where id = '${active}'`],
    ['a shard has another address', `update registry.shards set port = 5434 where name = 'east'`],
    ['a tenant is deleted', `delete from registry.tenants where id = '${suspended}'`],
  ])('is told when %s, without a word of whom', async (_what, statement) => {
    await pooler.query('listen strata_tenants');
    const heard = once(pooler, 'notification') as Promise<[Notification]>;
    await admin.query(statement);
    const [{ channel, payload }] = await heard;
    expect([channel, payload]).toEqual(['strata_tenants', '']);
  });
});
