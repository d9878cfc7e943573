import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantRole } from '../../components/tenancy/places';
import { startServer, type Server } from '../sql/support/server';
import { installPlatform } from '../sql/support/platform';

let server: Server;

beforeAll(async () => {
  server = await startServer();
  const superuser = await server.connect('postgres', 'postgres');
  await superuser.query('create role managed login createrole createdb');
  const managed = await server.connect('managed', 'postgres');
  await managed.query('create database strata');
  await superuser.query('alter database strata owner to managed');
  await installPlatform(server, 'strata', 'managed');
});

afterAll(() => server.stop());

const tenant = '11111111-2222-3333-4444-555555555555';

test('an admin who is no superuser opens, limits and closes a login, and ends its sessions', async () => {
  const migrator = await server.connect('strata_migrator', 'strata');
  const superuser = await server.connect('postgres', 'strata');
  const managed = await server.connect('managed', 'strata');
  await managed.query(`create role ${tenantRole(tenant)} noinherit`);
  await managed.query(`grant strata_tenant to ${tenantRole(tenant)}`);
  await superuser.query(`grant connect on database strata to ${tenantRole(tenant)}`);
  await migrator.query('select strata.hold_tenant_login($1, true, 250, 3)', [tenant]);
  const session = await server.connect(tenantRole(tenant), 'strata');
  expect((await session.query('show statement_timeout')).rows).toEqual([
    { statement_timeout: '250ms' },
  ]);
  const ended = new Promise((resolve) => session.once('end', resolve));
  await migrator.query('select strata.hold_tenant_login($1, false, null, null)', [tenant]);
  const { rows } = await migrator.query('select strata.end_tenant_sessions($1)::int as sessions', [
    tenant,
  ]);
  expect(rows).toEqual([{ sessions: 1 }]);
  await ended;
  await expect(server.connect(tenantRole(tenant), 'strata')).rejects.toThrow(
    'not permitted to log in',
  );
  const left = await superuser.query(
    `select rolcanlogin, rolconnlimit, rolconfig,
       (select count(*)::int from pg_auth_members m
         where m.roleid = r.oid and m.member = 'managed'::regrole and pg_has_role(m.member, m.roleid, 'usage')) as privileges
     from pg_roles r where rolname = $1`,
    [tenantRole(tenant)],
  );
  expect(left.rows).toEqual([
    { rolcanlogin: false, rolconnlimit: -1, rolconfig: null, privileges: 0 },
  ]);
});
