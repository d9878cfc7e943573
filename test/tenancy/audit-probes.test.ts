import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../provider/audit/audit';
import { auditWorld, type AuditWorld } from './support/audit-world';

let world: AuditWorld;
let admin: Client;

const P = 'tenant_id = (select tenancy.current_tenant_id())';

beforeAll(async () => {
  world = await auditWorld();
  admin = world.admin;
  await admin.query(
    `insert into app.projects (tenant_id, name) select id, 'Plan of ' || slug from registry.tenants`,
  );
});

afterAll(() => world.server.stop());

/** What the probes of every login find, told apart from what the catalogue shows. */
async function probed(): Promise<string[]> {
  const logins = [
    'strata_authenticator',
    'strata_hasura',
    'strata_app',
    'strata_guard',
    'strata_auditor',
  ];
  const found = await audit(world.server.url('strata_migrator', 'strata'), {
    logins: Object.fromEntries(logins.map((login) => [login, world.server.url(login, 'strata')])),
  });
  return found
    .filter(({ id }) => id.startsWith('probe-'))
    .map(
      ({ id, object, problem }) =>
        `${id} ${object.replace(world.schema, 't_own')} ${/as (\w+)/.exec(problem)?.[1] ?? ''}`,
    );
}

test('logins of a clean platform see and write their tenant’s rows only', async () => {
  expect(await probed()).toEqual([]);
});

test('nothing that was tried stays', async () => {
  const { rows } = await admin.query<{ count: string }>('select count(*) from app.projects');
  const before = rows[0]?.count;
  await admin.query('alter table app.projects disable row level security');
  try {
    await probed();
  } finally {
    await admin.query('alter table app.projects enable row level security');
  }
  expect((await admin.query('select count(*) from app.projects')).rows).toEqual([
    { count: before },
  ]);
});

describe('what is open is found by trying it', () => {
  test.each([
    {
      name: 'policies that are off',
      open: 'alter table app.projects disable row level security',
      close: 'alter table app.projects enable row level security',
      found: [
        'probe-reads app.projects strata_app',
        'probe-reads app.projects strata_authenticator',
        'probe-reads app.projects strata_hasura',
      ],
    },
    {
      name: 'a policy that shows every row, and no floor',
      open: `alter policy tenant_floor on app.projects to strata_anon; create policy careless on app.projects for select to strata_tenant using (true)`,
      close:
        'alter policy tenant_floor on app.projects to strata_tenant; drop policy careless on app.projects',
      found: [
        'probe-reads app.projects strata_app',
        'probe-reads app.projects strata_authenticator',
      ],
    },
    {
      name: 'no tenant that is any tenant',
      open: `alter policy tenant_floor on app.projects to strata_anon;
        create policy careless on app.projects for select to strata_tenant using ((select tenancy.current_tenant_id()) is null or ${P})`,
      close:
        'alter policy tenant_floor on app.projects to strata_tenant; drop policy careless on app.projects',
      found: [
        'probe-reads app.projects strata_app',
        'probe-reads app.projects strata_authenticator',
      ],
    },
    {
      name: 'a row that may be made for another tenant',
      open: `alter policy tenant_floor on app.notes to strata_anon; alter policy tenant_insert on app.notes with check (true)`,
      close: `alter policy tenant_floor on app.notes to strata_tenant;
        alter policy tenant_insert on app.notes with check (${P} and (select tenancy.is_tenant_member()) and author_id = (select tenancy.current_user_id()))`,
      found: ['probe-writes app.notes strata_app', 'probe-writes app.notes strata_authenticator'],
    },
    {
      name: 'a role that is none of ours',
      open: `create or replace function tenancy.member_tenant_id() returns uuid language sql stable return tenancy.current_tenant_id()`,
      close: `create or replace function tenancy.member_tenant_id() returns uuid language sql stable
        return case when tenancy.is_tenant_member() then tenancy.current_tenant_id() end`,
      found: [
        'probe-reads app.projects strata_app',
        'probe-reads app.projects strata_authenticator',
        'probe-reads app.projects strata_hasura',
      ],
    },
    {
      name: 'a connection that acts for a tenant from the start',
      open: `alter role strata_app set app.tenant_id = '00000000-0000-4000-8000-000000000000'`,
      close: `alter role strata_app reset app.tenant_id`,
      found: ['probe-leak login strata_app strata_app'],
    },
    {
      name: 'a login that reads what is none of its business',
      open: 'grant usage on schema app to strata_guard; grant strata_maintenance to strata_guard with inherit true',
      close:
        'revoke usage on schema app from strata_guard; revoke strata_maintenance from strata_guard',
      found: [
        'probe-reads app.projects strata_guard',
        'probe-writes app.projects strata_guard',
        'probe-writes t_own.projects strata_guard',
      ],
    },
  ])('$name', async ({ open, close, found }) => {
    await admin.query(open.replace(' with inherit true', await inheriting()));
    try {
      expect([...new Set(await probed())].sort()).toEqual(found);
    } finally {
      await admin.query(close);
    }
  });

  test('claims that another login’s clients can set', async () => {
    const { rows } = await admin.query<{ definition: string }>(
      `select pg_get_functiondef('tenancy.session_claims()'::regprocedure) as definition`,
    );
    const definition = rows[0]?.definition ?? '';
    await admin.query(
      definition.replace(
        /WHEN 'strata_app'::name THEN/,
        `WHEN 'strata_app'::name THEN NULLIF(current_setting('hasura.user', true), '')::jsonb WHEN 'x'::name THEN`,
      ),
    );
    try {
      expect(await probed()).toContain('probe-reads app.projects strata_app');
    } finally {
      await admin.query(definition);
    }
    expect(await probed()).toEqual([]);
  });
});

/** Up to Postgres 15 it is the role that inherits. */
async function inheriting(): Promise<string> {
  const { rows } = await admin.query<{ modern: boolean }>(
    `select current_setting('server_version_num')::int >= 160000 as modern`,
  );
  return rows[0]?.modern === true ? ' with inherit true' : '; alter role strata_guard inherit';
}
