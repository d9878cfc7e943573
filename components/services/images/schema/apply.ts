import { readFileSync } from 'node:fs';
import { databaseServer } from '../../../../provider/database/server';
import { login } from '../../../../provider/database/login';
import { migration } from '../../../../provider/database/migration';
import { tenant } from '../../../../provider/database/tenant';
import type { Context } from '../../../../provider/host/resource';
import { table } from '../../../../provider/tenancy/table';
import { readSecret, variable } from '../shared/environment';
import { writeLine } from '../shared/log';
import type { SchemaPlan } from './plan';

/**
 * The schema job: what a deployment by Pulumi does to the database, as one program inside the network. Applied
 * migrations are passed over by the ledger, so it may run again; it ends with an error at the first thing that fails.
 *
 * Environment: PLAN (a file), DATABASE_HOST; files named by ADMIN_PASSWORD_FILE, AUTHORITY_FILE and, for each login,
 * `<ROLE>_PASSWORD_FILE`.
 */
async function main(): Promise<void> {
  const plan = JSON.parse(readFileSync(variable('PLAN'), 'utf8')) as SchemaPlan;
  const admin = urlOf('postgres', 'ADMIN');
  const migrator = urlOf('strata_migrator', 'STRATA_MIGRATOR');
  const cluster = 'compose';
  const apply = async (scope: 'platform' | 'app', chosen: (index: number) => boolean) => {
    const files = plan.migrations.filter((file) => file.scope === scope);
    for (const { name, sql, role } of files.filter((_, index) => chosen(index))) {
      const url = role === 'admin' ? admin : migrator;
      say(`migration ${scope}/${name}`);
      await migration.create({ url, cluster, scope, name, sql }, contextOf(name));
    }
  };

  const server = { url: admin, setup: [...plan.setup], volume: cluster, instance: cluster };
  await databaseServer.create(server, contextOf('cluster'));
  await apply('platform', (index) => index === 0);
  for (const role of plan.logins) {
    say(`login ${role}`);
    const password = readSecret(`${role.toUpperCase()}_PASSWORD`);
    await login.create({ url: admin, cluster, role, password }, contextOf(role));
  }
  await apply('platform', (index) => index > 0);
  for (const { slug, name, members } of plan.tenants) {
    say(`tenant ${slug}`);
    const inputs = { displayName: name, model: 'shared' as const, members: [...members] };
    await tenant.create({ url: migrator, cluster, slug, ...inputs }, contextOf(slug));
  }
  await apply('app', () => true);
  for (const fence of plan.fences) {
    say(`fence ${fence.table}`);
    const inputs = { url: migrator, cluster, schema: plan.schemaVersion, ...fence };
    await table.create(inputs, contextOf(fence.table));
  }
}

function urlOf(role: string, password: string): string {
  const authority = encodeURIComponent(variable('AUTHORITY_FILE'));
  return (
    `postgresql://${role}:${readSecret(`${password}_PASSWORD`)}@${variable('DATABASE_HOST')}:5432/strata` +
    `?sslmode=verify-full&sslrootcert=${authority}`
  );
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
