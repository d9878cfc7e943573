import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type World } from './support/world';
import { rightsOf } from '../support/rights';

const others = [
  'strata_app',
  'strata_auditor',
  'strata_authenticator',
  'strata_dispatcher',
  'strata_guard',
  'strata_hasura',
  'strata_migrator',
  'strata_monitor',
  'strata_pooler',
];

const nobody = '00000000-0000-4000-8000-000000000001';

const calls = [
  `registry.list_tenants('', 0)`,
  `registry.list_users('', 0)`,
  `registry.list_members('${nobody}', 0)`,
  `registry.list_api_keys('${nobody}', 0)`,
  `audit.list_entries(null, null, null)`,
];

let server: Server;
let admin: Client;
let world: World;
let page: Client;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'strata');
  admin = await server.connect('postgres', 'strata');
  world = await readWorld(admin);
  page = await server.connect('strata_admin_page', 'strata');
});

afterAll(() => server.stop());

const codeOf = (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  );

test('the login of the admin page may run five functions, reach no table, become nobody and make nothing', async () => {
  expect(await rightsOf(admin, 'strata_admin_page')).toEqual({
    functions: [
      'audit.list_entries',
      'registry.list_api_keys',
      'registry.list_members',
      'registry.list_tenants',
      'registry.list_users',
    ],
    tables: null,
    creates: null,
    becomes: null,
    attributes: '(f,f,f,f,f,f,4)',
  });
});

describe('the login of the admin page, taken over, is refused', () => {
  test.each([
    'select * from app.notes',
    'select body from app.notes',
    'select * from registry.tenants',
    'select * from registry.users',
    'select secret_hash from registry.api_keys',
    'select * from registry.tenant_jobs',
    'select * from storage.files',
    'select * from storage.limits',
    'select * from audit.log',
    'select keys from audit.log_other',
    'select * from outbox.events',
    'select * from realtime.changes',
    "select * from realtime.since('1:1:', 1)",
    'select * from strata.migrations',
    'select * from pg_authid',
    'select * from pg_shadow',
    'select * from pg_statistic',
    'select * from pg_stat_user_tables',
    `select pg_total_relation_size('app.notes')`,
    `select pg_read_file('/etc/passwd')`,
    `copy (select 1) to program 'id'`,
    `select lo_create(0)`,
    'create table registry.mine (id int)',
    'create table public.mine (id int)',
    'create temporary table mine (id int)',
    'create role mine',
    `insert into registry.tenants (slug, name) values ('mine', 'Mine')`,
    `update registry.tenants set status = 'active'`,
    'delete from registry.members',
    'truncate audit.log',
    'set role strata_owner',
    'set role strata_maintenance',
    'set role strata_auditor',
    'set role strata_tenant',
    'set session authorization postgres',
    'alter role strata_admin_page superuser',
    `select audit.forget('${nobody}')`,
    `select tenancy.current_tenant_id()`,
    `select * from tenancy.place('${nobody}')`,
  ])('%s', async (statement) => {
    expect(await codeOf(page.query(statement))).toBe('42501');
  });
});

test('pgAdmin’s login sees who is connected, and no statement of anybody else', async () => {
  const auditor = await server.connect('strata_auditor', 'strata');
  const { rows } = await auditor.query<object>(
    `select distinct query from pg_stat_activity where usename <> 'strata_auditor'`,
  );
  expect(rows).toEqual([{ query: '<insufficient privilege>' }]);
  await auditor.query('select gss_authenticated from pg_stat_gssapi where pid = pg_backend_pid()');
  expect(await codeOf(auditor.query('select * from pg_stat_user_tables'))).toBe('42501');
  await auditor.end();
});

describe('what the functions of the admin page show', () => {
  test('is no row of a tenant’s tables and no key of an audited row', async () => {
    const texts = [];
    for (const call of [
      ...calls.slice(0, 2),
      `registry.list_members('${world.globex.id}', 0)`,
      `registry.list_api_keys('${world.globex.id}', 0)`,
      `audit.list_entries('${world.globex.id}', null, null)`,
    ]) {
      texts.push(JSON.stringify((await page.query(`select * from ${call}`)).rows));
    }
    expect(texts[0]).toContain(world.globex.id);
    const { rows } = await admin.query<{ secret: string }>(
      `select body as secret from app.notes union select title from app.drafts union select name from app.projects
       union select id::text from app.notes union select id::text from app.drafts`,
    );
    expect(rows.length).toBeGreaterThan(4);
    for (const { secret } of rows) expect(texts.join('')).not.toContain(secret);
  });

  test('is fifty rows, wherever one begins', async () => {
    await admin.query(
      `insert into registry.tenants (slug, name) select 'crowd-' || n, 'Crowd' from generate_series(1, 120) n`,
    );
    const sizes = [];
    for (const at of [-5, 0, 1, 2, 3, 2_147_483_647]) {
      const { rowCount } = await page.query('select from registry.list_tenants($1, $2)', [
        'crowd',
        at,
      ]);
      sizes.push(rowCount);
    }
    expect(sizes).toEqual([50, 50, 50, 20, 0, 0]);
  });

  test.each(others)('is nothing that %s may ask', async (login) => {
    const client = await server.connect(login, 'strata');
    for (const call of calls) {
      expect(await codeOf(client.query(`select * from ${call}`))).toBe('42501');
    }
    await client.end();
  });

  test('is bound to the login: whoever else may run them sees nothing of the registry', async () => {
    await admin.query(
      `grant usage on schema registry to strata_hasura;
       grant execute on function registry.list_tenants(text, int), registry.list_users(text, int) to strata_hasura`,
    );
    const hasura = await server.connect('strata_hasura', 'strata');
    const seen = [];
    for (const call of calls.slice(0, 2)) {
      seen.push((await hasura.query(`select * from ${call}`)).rows);
    }
    await admin.query(
      `revoke usage on schema registry from strata_hasura;
       revoke execute on function registry.list_tenants(text, int), registry.list_users(text, int) from strata_hasura`,
    );
    expect(seen).toEqual([[], []]);
    await hasura.end();
  });
});
