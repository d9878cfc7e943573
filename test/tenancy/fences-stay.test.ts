import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directives } from '../../provider/database/migration-file';
import { bringUp, standingOf } from '../../provider/tenancy/bring-up';
import { placeOfTenant, type Tenant } from '../../provider/tenancy/tenant';
import type { TenancyPlan } from '../../provider/tenancy/plan';
import type { Platform } from '../../provider/tenancy/provision';
import { startServer, type Server } from '../sql/support/server';
import { addTenant, deployCluster, planWith, platformOf } from './support/platform';

/** The platform's triggers on notes of the example. */
const fencing = [
  'strata_audit_delete',
  'strata_audit_insert',
  'strata_audit_truncate',
  'strata_audit_update',
  'strata_hold',
  'strata_realtime',
];

let server: Server;
let client: Client;
let admin: Client;
let tenant: Tenant;
let platform: Platform;
let plan: TenancyPlan;
let count = 0;

beforeAll(async () => {
  server = await startServer();
  plan = planWith();
  await deployCluster(server, plan);
  platform = platformOf({ main: server }, plan);
  tenant = await addTenant(server, platform, 'acme', { model: 'schema' });
  client = await server.connect('strata_migrator', 'strata');
  admin = await server.connect('postgres', 'strata');
});

afterAll(() => server.stop());

/** The place with one more migration; whether its fences stayed. */
async function staysAfter(sql: string, changes: Partial<TenancyPlan> = {}): Promise<boolean> {
  count += 1;
  const name = `${String(900 + count)}_change`;
  const file = { ...plan.migrations[0], name, sql, ...directives(sql) };
  plan = {
    ...plan,
    ...changes,
    migrations: [...plan.migrations, file as TenancyPlan['migrations'][number]],
    version: `test${String(count)}`,
  };
  const before = await policies();
  await bringUp({ client, place: placeOfTenant(tenant), tenantId: tenant.id, plan });
  expect((await standingOf(client, placeOfTenant(tenant))).version).toBe(plan.version);
  expect(Object.keys(await policies())).toEqual(Object.keys(before));
  return JSON.stringify(await policies()) === JSON.stringify(before);
}

/** Policies and grants of the place by name, with what changes when they are made anew. */
async function policies(): Promise<Record<string, string>> {
  const { rows } = await admin.query<{ name: string; made: string }>(
    `select polrelid::regclass || ' ' || polname as name, p.oid::text as made from pg_policy p
     join pg_class c on c.oid = polrelid where relnamespace = to_regnamespace($1)::oid order by 1`,
    [placeOfTenant(tenant).schema],
  );
  return Object.fromEntries(rows.map(({ name, made }) => [name, made]));
}

/** Those that fire. */
async function triggers(): Promise<string[]> {
  const { rows } = await admin.query<{ tgname: string }>(
    `select tgname from pg_trigger where tgrelid = (quote_ident($1) || '.notes')::regclass
       and starts_with(tgname, 'strata_') and tgenabled = 'O' order by 1`,
    [placeOfTenant(tenant).schema],
  );
  return rows.map(({ tgname }) => tgname);
}

test.each([
  ['a column', 'alter table notes add column mark text'],
  ['an index', 'create index on notes (tenant_id, mark)'],
  ['a table that nobody declared', 'create table extra (id int)'],
])('fences stay after a migration that adds %s', async (_what, sql) => {
  expect(await staysAfter(sql)).toBe(true);
});

test.each([
  ['drops a policy', 'drop policy tenant_floor on notes'],
  ['alters a policy', 'alter policy tenant_read on notes using (true)'],
  ['drops a trigger', 'drop trigger strata_hold on notes'],
  ['disables a trigger', 'alter table notes disable trigger strata_audit_insert'],
  ['unforces row level security', 'alter table notes no force row level security'],
  ['grants a table', 'grant truncate on notes to strata_isolated'],
  ['grants a column', 'grant update (tenant_id) on notes to strata_isolated'],
  [
    'makes a table anew',
    `alter table notes rename to old_notes; create table notes (like old_notes including all,
       foreign key (tenant_id) references registry.tenants on delete cascade); drop table old_notes`,
  ],
])('fences are put up again after a migration that %s', async (_what, sql) => {
  expect(await staysAfter(sql)).toBe(false);
  const { rows } = await admin.query(
    `select 1 from pg_class c where relnamespace = to_regnamespace($1)::oid and relname = 'notes'
       and relrowsecurity and relforcerowsecurity and relacl::text not like '%strata_isolated%'
       and not exists (select from pg_attribute where attrelid = c.oid and attacl is not null)
       and exists (select from pg_policy where polrelid = c.oid and polname = 'tenant_floor')
       and not exists (select from pg_policy where polrelid = c.oid and pg_get_expr(polqual, polrelid) = 'true'
         and polname <> 'maintenance')`,
    [placeOfTenant(tenant).schema],
  );
  expect(rows).toHaveLength(1);
  expect(await triggers()).toEqual(fencing);
});

test('fences are put up again when a rule changes', async () => {
  const { tables, ...rest } = plan.declaration;
  const { 'app.notes': notes, ...others } = tables;
  if (!notes) throw new Error('the example has no notes');
  const declaration = {
    ...rest,
    tables: { ...others, 'app.notes': { ...notes, delete: 'admin' } },
  };
  expect(
    await staysAfter('select 1', { declaration: declaration as TenancyPlan['declaration'] }),
  ).toBe(false);
});

test('columns that are hidden by name stay hidden, and new ones are seen', async () => {
  const { tables, ...rest } = plan.declaration;
  const { 'app.notes': notes, ...others } = tables;
  if (!notes) throw new Error('the example has no notes');
  const declaration = {
    ...rest,
    tables: { ...others, 'app.notes': { ...notes, hidden: ['mark'] } },
  };
  await staysAfter('select 1', { declaration: declaration });
  expect(await staysAfter('alter table notes add column seen text')).toBe(false);
  const { schema, role } = placeOfTenant(tenant);
  const { rows } = await admin.query(
    `select has_column_privilege($1, $2 || '.notes', 'seen', 'select') as seen,
       has_column_privilege($1, $2 || '.notes', 'mark', 'select') as mark`,
    [role, schema],
  );
  expect(rows).toEqual([{ seen: true, mark: false }]);
});
