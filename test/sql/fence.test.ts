import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import { statements } from '../../components/tenancy/statements';
import { catalogueProblems } from './support/catalogue';
import { declaration, deploy } from './support/platform';
import { startServer, type Server } from './support/server';

let server: Server;
let admin: Client;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'fence');
  admin = await server.connect('postgres', 'fence');
});

afterAll(() => server.stop());

/** Puts every fence up again, as the owner. */
async function fence(): Promise<void> {
  const all = compileTenancy(declaration).flatMap(statements);
  await admin.query(['begin', 'set local role strata_owner', ...all, 'commit'].join(';'));
}

/** Everything that a fence is made of. */
async function look(): Promise<unknown> {
  const { rows } = await admin.query(`
    select c.relname, c.relrowsecurity, c.relforcerowsecurity,
      (select array_agg(a::text order by a::text) from unnest(c.relacl) a) as grants,
      (select array_agg(t.attname || t.attacl::text order by t.attname) from pg_attribute t where t.attrelid = c.oid and t.attacl is not null) as columns,
      (select array_agg(p::text order by p.policyname) from pg_policies p where p.tablename = c.relname) as policies,
      (select array_agg(pg_get_triggerdef(g.oid) || g.tgenabled::text order by g.tgname) from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal) as triggers
    from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' order by c.relname`);
  return rows;
}

describe('a fence that is put up again', () => {
  test('changes nothing', async () => {
    const before = await look();
    await fence();
    expect(await look()).toEqual(before);
  });

  test.each([
    ['switched off', 'alter table app.notes disable row level security'],
    ['not forced', 'alter table app.notes no force row level security'],
    ['open to a careless policy', 'create policy "Careless One" on app.notes using (true)'],
    ['without a floor', 'drop policy tenant_floor on app.notes'],
    ['bent', 'alter policy tenant_read on app.notes using (true)'],
    ['granted to everybody', 'grant all on app.notes to public'],
    [
      'granted by columns',
      'grant select (body), update (tenant_id) on app.notes to strata_anon, public',
    ],
    [
      'granted to be granted',
      'grant select on app.notes to strata_tenant with grant option; set role strata_tenant; grant select on app.notes to strata_anon; reset role',
    ],
    [
      'granted to a role with an odd name',
      'create role "odd; role"; grant select on app.notes to "odd; role"',
    ],
    ['without its record', 'drop trigger strata_audit_delete on app.notes'],
    ['with its record disabled', 'alter table app.notes disable trigger strata_audit_delete'],
    [
      'with a trigger that looks like ours',
      'create trigger strata_extra after delete on app.notes for each statement execute function audit.record()',
    ],
  ])('mends one that is %s', async (_what, sql) => {
    const before = await look();
    await admin.query(sql);
    expect(await look()).not.toEqual(before);
    await fence();
    expect(await look()).toEqual(before);
    expect(await catalogueProblems(admin)).toEqual([]);
  });

  test("leaves the application's own triggers alone", async () => {
    await admin.query(`create function app.touch() returns trigger language plpgsql as 'begin return new; end';
      create trigger touch before update on app.notes for each row execute function app.touch()`);
    await fence();
    const { rowCount } = await admin.query("select from pg_trigger where tgname = 'touch'");
    expect(rowCount).toBe(1);
  });
});
