import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import { limitConnections, login } from '../../provider/database/login';
import { migration, type MigrationInputs } from '../../provider/database/migration';
import { sha256 } from '../../provider/database/migration-file';
import { tenant, type TenantInputs } from '../../provider/database/tenant';
import type { Context } from '../../provider/host/resource';
import { table, type TableInputs } from '../../provider/tenancy/table';
import { clone, deploy } from './support/platform';
import { wantedTenant } from '../support/tenants';
import { startServer, type Server } from './support/server';

let server: Server;
let admin: Client;
let database = '';
let inside: Client;
let count = 0;

const context: Context = {
  urn: 'urn:pulumi:test::strata::strata:test:Thing::test',
  stack: 'test',
  name: 'test',
  signal: new AbortController().signal,
  progress: () => undefined,
  warn: () => undefined,
};

beforeAll(async () => {
  server = await startServer();
  admin = await server.connect('postgres', 'postgres');
  await deploy(server, 'pristine');
  // A template must have no session.
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pristine'",
  );
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  database = `case_${(count += 1)}`;
  await clone(admin, 'pristine', database);
  inside = await server.connect('postgres', database);
});

function file(sql: string, name = '100_case'): MigrationInputs {
  return { url: server.url('strata_migrator', database), cluster: 'test', scope: 'app', name, sql };
}

async function exists(relation: string): Promise<boolean> {
  const { rows } = await inside.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [relation],
  );
  return rows[0]?.there === true;
}

describe('a migration', () => {
  test('is applied once, however often it is asked for', async () => {
    const first = await migration.create(file('create table app.once ();'), context);
    const second = await migration.create(file('create table app.once ();'), context);
    expect(second.state.appliedAt).toBe(first.state.appliedAt);
    expect(await migration.read('', first.state, context)).toEqual(first.state);
  });

  test('that two runners apply at the same time is applied once', async () => {
    const slow = file('select pg_sleep(0.3); create table app.once ();');
    const [a, b] = await Promise.all([
      migration.create(slow, context),
      migration.create(slow, context),
    ]);
    expect(a.state.appliedAt).toBe(b.state.appliedAt);
  });

  test('that fails leaves nothing and names file and line', async () => {
    const broken = file('create table app.half ();\n\nselect nonsense;');
    await expect(migration.create(broken, context)).rejects.toThrow(
      /app\/100_case\.sql:3: column "nonsense" does not exist/,
    );
    expect(await exists('app.half')).toBe(false);
    expect(
      await migration.read('', { ...broken, sha256: '', appliedAt: '' }, context),
    ).toBeUndefined();
  });

  test('whose text in the ledger is another is refused with both hashes', async () => {
    await migration.create(file('select 1;'), context);
    const changed = migration.create(file('select 2;'), context);
    await expect(changed).rejects.toThrow(sha256('select 1;'));
    await expect(changed).rejects.toThrow(sha256('select 2;'));
  });

  test('that ends its own transaction is refused', async () => {
    await expect(
      migration.create(file('create table app.kept (); commit;'), context),
    ).rejects.toThrow(/ends its own transaction/);
  });

  test('that back-fills as the owner fails instead of missing every row in silence', async () => {
    await expect(
      migration.create(file("update app.notes set body = 'filled';"), context),
    ).rejects.toThrow(/row-level security policy for table "notes"/);
  });

  test('that back-fills as maintenance reaches every row', async () => {
    await migration.create(
      file("-- strata: as maintenance\nupdate app.notes set body = 'filled';"),
      context,
    );
    const { rows } = await inside.query<{ body: string }>('select distinct body from app.notes');
    expect(rows).toEqual([{ body: 'filled' }]);
  });

  test('without a transaction may build an index concurrently', async () => {
    const index = file(
      '-- strata: no transaction\ncreate index concurrently if not exists notes_body on app.notes (tenant_id, body);',
    );
    await migration.create(index, context);
    expect(await exists('app.notes_body')).toBe(true);
    await expect(
      migration.create(
        file(index.sql.replace('-- strata: no transaction\n', ''), '101_case'),
        context,
      ),
    ).rejects.toThrow(/cannot run inside a transaction block/);
  });

  test('that meets a lock gives up in time, changes nothing and says so', async () => {
    await inside.query('begin; lock table app.notes in access exclusive mode');
    await expect(
      migration.create(file('alter table app.notes add column late text;'), context),
    ).rejects.toThrow(/Another session holds a lock on this table; nothing was changed/);
    await inside.query('rollback');
  });

  test('whose number is below one that was applied is refused', async () => {
    await migration.create(file('select 1;', '200_late'), context);
    await expect(migration.create(file('select 1;', '150_early'), context)).rejects.toThrow(
      /app\/150_early is new, but 200_late was applied before it/,
    );
  });

  test('makes tables that belong to the owner and are granted to nobody but maintenance', async () => {
    await migration.create(file('create table app.fresh (id int);'), context);
    const { rows } = await inside.query<{ owner: string; grantees: string[] }>(
      `select pg_get_userbyid(relowner) as owner,
         array(select distinct pg_get_userbyid(grantee)::text from aclexplode(relacl) order by 1) as grantees
       from pg_class where oid = 'app.fresh'::regclass`,
    );
    expect(rows).toEqual([
      { owner: 'strata_owner', grantees: ['strata_maintenance', 'strata_owner'] },
    ]);
  });
});

describe('a login', () => {
  test('is rid of what it has set for itself', async () => {
    const wanted = {
      url: server.url('postgres', database),
      cluster: 'test',
      role: 'strata_app',
      password: 'a password of some length',
    };
    const { id, state } = await login.create(wanted, context);
    expect(login.diff(state, wanted)).toEqual({});
    const own = await server.connect('strata_app', database);
    await own.query("alter role strata_app set default_transaction_read_only = 'on'");
    const live = await login.read(id, state, context);
    expect(live && login.diff(live, wanted)).toEqual({ password: 'update' });
    await login.update?.(id, state, wanted, context);
    const mended = await login.read(id, state, context);
    expect(mended && login.diff(mended, wanted)).toEqual({});
  });
});

test('logins may have as many connections as are kept for them, and no more than before when that is taken back', async () => {
  const url = server.url('postgres', database);
  const limits = async () => {
    const { rows } = await inside.query<{ role: string; most: number }>(
      "select rolname as role, rolconnlimit as most from pg_roles where rolname in ('strata_sessions', 'strata_oauth') order by 1",
    );
    return rows.map(({ role, most }) => [role, most]);
  };
  const before = await limits();
  await limitConnections(url, { strata_sessions: 12, strata_oauth: 24 });
  expect(await limits()).toEqual([
    ['strata_oauth', 24],
    ['strata_sessions', 12],
  ]);
  await limitConnections(url, Object.fromEntries(before) as Record<string, number>);
  expect(await limits()).toEqual(before);
});

describe('a tenant', () => {
  const inputs = (): TenantInputs => ({
    url: server.url('strata_migrator', database),
    cluster: 'test',
    clusters: { main: server.url('strata_migrator', database) },
    master: 'm'.repeat(64),
    ...wantedTenant('initech', { ann: 'member', peter: 'admin' }, { displayName: 'Initech' }),
  });

  test('is made with its members, of whom some are users already', async () => {
    const { state } = await tenant.create(inputs(), context);
    const { rows } = await inside.query('select 1 from registry.users where handle = $1', ['ann']);
    expect(rows).toHaveLength(1);
    expect(await tenant.read('', state, context)).toEqual(state);
    expect(tenant.diff(state, { ...inputs(), members: [...inputs().members].reverse() })).toEqual(
      {},
    );
  });

  test('that was made before an interruption keeps its id', async () => {
    const first = await tenant.create(inputs(), context);
    const second = await tenant.create(inputs(), context);
    expect(second.state.tenantId).toBe(first.state.tenantId);
  });

  test('takes up a changed name and members, and shows members changed by hand as drift', async () => {
    const { state } = await tenant.create(inputs(), context);
    const wanted = {
      ...inputs(),
      displayName: 'Initech Ltd',
      members: [{ user: 'peter', role: 'member' as const }],
    };
    expect(tenant.diff(state, wanted)).toEqual({ displayName: 'update', members: 'update' });
    const updated = await tenant.update?.('', state, wanted, context);
    const members = await inside.query(
      `select u.handle, m.role from registry.members m join registry.users u on u.id = m.user_id where tenant_id = $1`,
      [state.tenantId],
    );
    expect(members.rows).toEqual([{ handle: 'peter', role: 'member' }]);
    await inside.query(
      `insert into registry.members (tenant_id, user_id, role) select $1, id, 'member' from registry.users where handle = 'hal'`,
      [state.tenantId],
    );
    const joined = updated && (await tenant.read('', updated, context));
    expect(joined && tenant.diff(joined, wanted)).toEqual({});
    await inside.query("update registry.members set role = 'admin' where tenant_id = $1", [
      state.tenantId,
    ]);
    const live = updated && (await tenant.read('', updated, context));
    expect(live && tenant.diff(live, wanted)).toEqual({ members: 'update' });
  });

  test('that somebody else has signed up before is refused, with the admins that it would bring', async () => {
    await tenant.create(
      { ...inputs(), members: [{ user: 'hal', role: 'admin' as const }] },
      context,
    );
    await expect(tenant.create(inputs(), context)).rejects.toThrow(
      'tenant initech is in the registry already, with admins that the config does not name: hal',
    );
  });

  test('is never deleted by taking it out of the config', async () => {
    const { id, state } = await tenant.create(inputs(), context);
    await expect(tenant.delete(id, state, context)).rejects.toThrow(
      /put strata:tenancy.tenants.initech back/,
    );
  });
});

describe('the fence of a table', () => {
  const rules = { read: 'member', insert: 'member', update: 'member', delete: 'member' } as const;
  const inputs = (name: string): TableInputs => {
    const [fence] = compileTenancy({ tables: { [name]: rules } });
    if (!fence) throw new Error('no fence');
    return { url: server.url('strata_migrator', database), cluster: 'test', schema: '1', ...fence };
  };
  const tampering: readonly [string, string][] = [
    ['row level security switched off', 'alter table app.notes disable row level security'],
    ['the owner let past it', 'alter table app.notes no force row level security'],
    ['a policy dropped', 'drop policy tenant_floor on app.notes'],
    ['a policy added', 'create policy open on app.notes to strata_tenant using (true)'],
    ['a policy changed', 'alter policy tenant_read on app.notes using (true)'],
    ['a grant added', 'grant select on app.notes to strata_anon'],
    ['a grant on one column', 'grant select (body) on app.notes to public'],
    ['a grant taken away', 'revoke select on app.notes from strata_tenant'],
    ['an audit trigger dropped', 'drop trigger strata_audit_insert on app.notes'],
    ['an audit trigger disabled', 'alter table app.notes disable trigger strata_audit_insert'],
    ['another owner', 'alter table app.notes owner to postgres'],
  ];

  test.each(tampering)('shows as drift and is put up again: %s', async (_what, statement) => {
    const wanted = inputs('app.notes');
    const { state } = await table.create(wanted, context);
    expect(table.diff(state, wanted)).toEqual({});
    await inside.query(statement);
    const live = await table.read('', state, context);
    expect(live && table.diff(live, wanted)).toEqual({ live: 'update' });
    if (statement.includes('owner to')) return;
    const mended = await table.update?.('', state, wanted, context);
    expect(mended?.live).toBe(state.live);
  });

  test('is looked at again after each migration, which may have changed the table', async () => {
    const { state } = await table.create(inputs('app.notes'), context);
    expect(table.diff(state, { ...inputs('app.notes'), schema: '2' })).toEqual({
      schema: 'update',
    });
  });

  test('shows a shape that became unsafe, and refuses it with what mends it', async () => {
    const wanted = inputs('app.notes');
    const { state } = await table.create(wanted, context);
    await inside.query('alter table app.notes add column slug text unique');
    const live = await table.read('', state, context);
    expect(live && table.diff(live, wanted)).toEqual({ live: 'update' });
    await expect(table.update?.('', state, wanted, context)).rejects.toThrow(
      /add unique \(tenant_id, slug\)/,
    );
  });

  test('leaves the application its own triggers', async () => {
    const wanted = inputs('app.notes');
    const { state } = await table.create(wanted, context);
    await inside.query(
      'create trigger touch before update on app.notes for each row execute function suppress_redundant_updates_trigger()',
    );
    const live = await table.read('', state, context);
    expect(live && table.diff(live, wanted)).toEqual({});
  });

  test('is compared policy by policy', async () => {
    const { state } = await table.create(inputs('app.notes'), context);
    const [stricter] = compileTenancy({ tables: { 'app.notes': { ...rules, delete: 'admin' } } });
    expect(table.diff(state, { ...inputs('app.notes'), ...stricter })).toEqual({
      'policies.tenant_delete': 'update',
      'policies.hasura_delete': 'update',
    });
  });

  test('is refused for a table that does not exist', async () => {
    await expect(table.create(inputs('app.nowhere'), context)).rejects.toThrow(
      /does not exist: create it in a migration/,
    );
  });

  test('is refused for a shape that cannot keep tenants apart, with what mends it', async () => {
    await migration.create(
      file('create table app.loose (id uuid primary key, tenant_id uuid, email text unique);'),
      context,
    );
    const attempt = table.create(inputs('app.loose'), context);
    await expect(attempt).rejects.toThrow(
      /tenant_id may be null: alter table loose alter column tenant_id set not null/,
    );
    await expect(attempt).rejects.toThrow(/primary key does not begin with tenant_id/);
    await expect(attempt).rejects.toThrow(/add unique \(tenant_id, email\)/);
  });

  test('that is deleted leaves the rows to nobody', async () => {
    const { id, state } = await table.create(inputs('app.notes'), context);
    await table.delete(id, state, context);
    const { rows } = await inside.query<{ forced: boolean; grantees: string[] }>(
      `select relforcerowsecurity as forced,
         array(select distinct pg_get_userbyid(grantee)::text from aclexplode(relacl) order by 1) as grantees
       from pg_class where oid = 'app.notes'::regclass`,
    );
    expect(rows[0]?.forced).toBe(true);
    expect(rows[0]?.grantees).toEqual(['strata_maintenance', 'strata_owner']);
  });
});
