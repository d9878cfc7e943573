import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import example from '../../../app/tenancy';
import { readMigrations } from '../../../components/data/migrations';
import { withEvents, type Events } from '../../../components/services/declared-functions';
import { compileTenancy } from '../../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../../components/tenancy/declaration';
import { root } from '../../../engine/root';
import { migration } from '../../../provider/database/migration';
import { tenant } from '../../../provider/database/tenant';
import type { Context } from '../../../provider/host/resource';
import { table } from '../../../provider/tenancy/table';
import { wantedTenant } from '../../support/tenants';
import type { Server } from './server';

/** The example application and the tests' own table. */
export const declaration: TenancyDeclaration = {
  tables: {
    ...example.tables,
    'app.drafts': {
      owner: 'author_id',
      read: 'owner',
      insert: 'self',
      update: 'owner',
      delete: 'owner',
    },
  },
};

const tenants = {
  acme: { ann: 'admin', bob: 'member' },
  globex: { gus: 'admin', hal: 'member' },
} as const;

const cluster = 'test';

const context: Context = {
  urn: 'urn:pulumi:test::strata::strata:test:Thing::test',
  stack: 'test',
  name: 'test',
  signal: new AbortController().signal,
  progress: () => undefined,
  warn: () => undefined,
};

/** The platform's SQL in a new database, run by the provider as a deployment runs it. */
export async function installPlatform(
  server: Server,
  database: string,
  admin = 'postgres',
): Promise<void> {
  for (const { name, sql, role } of readMigrations(path.join(root, 'sql'), 'platform')) {
    const url = server.url(role === 'admin' ? admin : 'strata_migrator', database);
    await migration.create({ url, cluster, scope: 'platform', name, sql }, context);
  }
}

/** A database as a deployment leaves it: platform, two tenants, the example application, and the fences around it. */
export async function deploy(server: Server, database: string): Promise<void> {
  const admin = await server.connect('postgres', 'postgres');
  await admin.query(`create database ${database}`);
  await installPlatform(server, database);

  const url = server.url('strata_migrator', database);
  for (const [slug, users] of Object.entries(tenants)) {
    const logins = { clusters: { main: url }, master: 'm'.repeat(64) };
    await tenant.create({ url, cluster, ...logins, ...wantedTenant(slug, users) }, context);
  }
  const fixture = readFileSync(path.join(root, 'test/sql/support/fixture.sql'), 'utf8');
  const files = [
    ...readMigrations(path.join(root, 'app/sql'), 'app'),
    { name: '050_fixture', sql: fixture },
  ];
  for (const { name, sql } of files) {
    await migration.create({ url, cluster, scope: 'app', name, sql }, context);
  }
  await putUp(server, database, declaration, {});
  await furnish(await server.connect('postgres', database));
}

/** The fences of a declaration, with triggers for those who wait for changes. */
export async function putUp(
  server: Server,
  database: string,
  declared: TenancyDeclaration,
  events: Events,
): Promise<void> {
  const url = server.url('strata_migrator', database);
  for (const fence of withEvents(compileTenancy(declared), events)) {
    await table.create({ url, cluster, schema: '1', ...fence }, context);
  }
}

/** A copy of a deployed database that nobody is connected to; what was granted on the database itself comes along. */
export async function clone(admin: Client, from: string, to: string): Promise<void> {
  await admin.query(`create database ${to} template ${from}`);
  await admin.query(
    'update pg_database set datacl = (select datacl from pg_database where datname = $1) where datname = $2',
    [from, to],
  );
}

/** Rows of the tests' own table, and a superuser's view of what an attack changed, for use inside its transaction. */
async function furnish(admin: Client): Promise<void> {
  await admin.query(`
    insert into app.drafts (tenant_id, author_id, title)
    select m.tenant_id, m.user_id, 'Draft of ' || u.handle from registry.members m join registry.users u on u.id = m.user_id;

    create schema oracle;
    create function oracle.everything_but(tenant uuid, author uuid, before text) returns text
    language sql security definer set search_path = '' as $$
      -- What wrote nothing has no transaction id.
      select case when before is not null and pg_current_xact_id_if_assigned() is null then before else (select md5(string_agg(line, e'\n' order by line)) from (
        select 'note ' || n::text as line from app.notes n
          where tenant_id <> tenant or (author is not null and author_id is distinct from author)
        union all select 'project ' || p::text from app.projects p where tenant_id <> tenant or author is not null
        union all select 'draft ' || d::text from app.drafts d
          where tenant_id <> tenant or (author is not null and author_id <> author)
        union all select 'tenant ' || t::text from registry.tenants t
        union all select 'user ' || u::text from registry.users u
        union all select 'member ' || m::text from registry.members m
        union all select 'ledger ' || l::text from strata.migrations l
        union all select 'audit ' || a::text from audit.log a where tenant_id is distinct from tenant
      ) as lines) end $$;
    grant usage on schema oracle to public;
    analyze;
  `);
  await admin.end();
}
