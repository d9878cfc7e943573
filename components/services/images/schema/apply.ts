import { readFileSync } from 'node:fs';
import { databaseServer } from '../../../../provider/database/server';
import { limitConnections, login } from '../../../../provider/database/login';
import { migration } from '../../../../provider/database/migration';
import { tenant } from '../../../../provider/database/tenant';
import type { Context } from '../../../../provider/host/resource';
import { vendorDatabase } from '../../../../provider/database/vendor';
import { requireServer } from '../../../../provider/database-move/guard';
import { audit } from '../../../../provider/tenancy/audit';
import { declared } from '../../../../provider/tenancy/declared';
import { places } from '../../../../provider/tenancy/places';
import { table } from '../../../../provider/tenancy/table';
import { makeTemplate } from '../../../../provider/tenancy/template';
import { schemaClaims } from '../../../tenancy/claims';
import { isAmongAll, mainShard } from '../../../tenancy/places';
import { readSecret, variable } from '../shared/environment';
import { writeLine } from '../shared/log';
import type { SchemaPlan } from './plan';

/**
 * The schema job: what a deployment by Pulumi does to the database, as one program inside the network. Applied
 * migrations are passed over by the ledger, so it may run again; it ends with an error at the first thing that fails.
 *
 * Environment: PLAN (a file); files named by DATABASE_URL_FILE (strata_migrator, direct), ADMIN_PASSWORD_FILE,
 * TENANT_LOGINS_FILE, for each login `<ROLE>_PASSWORD_FILE` and for each vendor's database `<NAME>_URL_FILE`.
 */
async function main(): Promise<void> {
  const plan = JSON.parse(readFileSync(variable('PLAN'), 'utf8')) as SchemaPlan;
  const migrator = readSecret('DATABASE_URL');
  const admin = adminUrl(migrator, readSecret('ADMIN_PASSWORD'));
  const cluster = 'compose';
  const apply = async (scope: 'platform' | 'app', chosen: (index: number) => boolean) => {
    const files = plan.migrations.filter((file) => file.scope === scope);
    for (const { name, sql, role } of files.filter((_, index) => chosen(index))) {
      const url = role === 'admin' ? admin : migrator;
      say(`migration ${scope}/${name}`);
      await migration.create({ url, cluster, scope, name, sql }, contextOf(name));
    }
  };

  await requireServer(admin, plan.moved === true);
  const server = { url: admin, setup: [...plan.setup], volume: cluster, instance: cluster };
  await databaseServer.create(server, contextOf('cluster'));
  await apply('platform', (index) => index === 0);
  for (const role of plan.logins) {
    say(`login ${role}`);
    const password = readSecret(`${role.toUpperCase()}_PASSWORD`);
    await login.create({ url: admin, cluster, role, password }, contextOf(role));
  }
  await apply('platform', (index) => index > 0);
  // The platform's SQL has limits for one server.
  await limitConnections(admin, plan.limits);
  for (const { name, setup, connections, becomes } of plan.vendors) {
    say(`database ${name}`);
    const { password } = new URL(readSecret(`${name.toUpperCase()}_URL`));
    const inputs = {
      url: admin,
      cluster,
      name,
      password,
      setup: [...setup],
      connections,
      becomes: [...becomes],
    };
    await vendorDatabase.create(inputs, contextOf(name));
  }
  const logins = { clusters: { [mainShard]: migrator }, master: readSecret('TENANT_LOGINS') };
  for (const wanted of plan.tenants) {
    say(`tenant ${wanted.slug}`);
    const inputs = { url: migrator, cluster, ...logins, ...wanted };
    await tenant.create(inputs, contextOf(wanted.slug));
  }
  await apply('app', () => true);
  for (const fence of plan.fences) {
    say(`fence ${fence.table}`);
    const inputs = { url: migrator, cluster, schema: plan.schemaVersion, ...fence };
    await table.create(inputs, contextOf(fence.table));
  }
  await settle(plan, { url: migrator, admin, cluster });
}

/** What follows the tables that tenants share: those of tenants that have their own, and the proof that all are apart. */
async function settle(
  { setup, migrations, tenancy, tenants, unknownTables: unknown, schemaVersion }: SchemaPlan,
  { url, admin, cluster }: { url: string; admin: string; cluster: string },
): Promise<void> {
  const { declaration, version } = tenancy;
  const claims = schemaClaims(declaration);
  const schema = schemaVersion;
  await declared.create({ url, cluster, schema, claims, unknown }, contextOf('declaration'));
  say('template of databases');
  const platform = migrations.filter(({ scope }) => scope === 'platform');
  await makeTemplate(
    { admin, migrator: url },
    { setup, platform, plan: tenancy },
    contextOf('template'),
  );
  say('places of tenants');
  await places.create(
    {
      clusters: { [mainShard]: url },
      cluster,
      master: readSecret('TENANT_LOGINS'),
      version,
      plan: tenancy,
      tenants: tenants.filter((tenant) => !isAmongAll(tenant)).map(({ slug }) => slug),
    },
    contextOf('places'),
  );
  say('audit');
  const tables = Object.keys(declaration.tables);
  const shared = Object.keys(declaration.shared ?? {});
  await audit.create(
    { url, cluster, schema, tables, shared, shard: mainShard, registry: url },
    contextOf('audit'),
  );
}

/** Where the migrator goes, as the cluster's admin. */
function adminUrl(migrator: string, password: string): string {
  const url = new URL(migrator);
  url.username = 'postgres';
  url.password = password;
  return url.href;
}

/** There is no engine here: what it would be told goes to the log. */
function contextOf(name: string): Context {
  return {
    urn: name,
    stack: 'compose',
    name,
    signal: new AbortController().signal,
    progress: say,
    warn: say,
  };
}

function say(message: string): void {
  writeLine({ message });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
