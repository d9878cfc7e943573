import path from 'node:path';
import example from '../../../app/tenancy';
import { readMigrations, schemaVersion } from '../../../components/data/migrations';
import { withEvents } from '../../../components/services/declared-functions';
import { compileTenancy } from '../../../components/tenancy/compile';
import { mainShard, type Model } from '../../../components/tenancy/places';
import { realtimeTriggers } from '../../../components/tenancy/realtime';
import { root } from '../../../engine/root';
import { asMaintenance } from '../../../provider/database/connect';
import { migration } from '../../../provider/database/migration';
import { tenant as tenantResource } from '../../../provider/database/tenant';
import { makeTemplate } from '../../../provider/tenancy/template';
import type { TenancyPlan } from '../../../provider/tenancy/plan';
import { provision, type Platform } from '../../../provider/tenancy/provision';
import { table } from '../../../provider/tenancy/table';
import { tenantColumns, type Tenant } from '../../../provider/tenancy/tenant';
import { contextFor } from '../../support/local';
import { wantedTenant } from '../../support/tenants';
import { installPlatform } from '../../sql/support/platform';
import type { Server } from '../../sql/support/server';

const cluster = 'test';

/** What tests derive the passwords of tenants' logins from. */
export const master = 'm'.repeat(64);

/** The example application, with whatever a test adds or changes. */
export function planWith(changes: Partial<TenancyPlan> = {}): TenancyPlan {
  const migrations = changes.migrations ?? readMigrations(path.join(root, 'app/sql'), 'app');
  const declaration = changes.declaration ?? example;
  return {
    migrations,
    declaration,
    events: realtimeTriggers(declaration),
    version: schemaVersion(migrations, compileTenancy(declaration)),
    ...changes,
  };
}

/** A cluster as a deployment leaves it: the platform and the application in `strata`, and the template. */
export async function deployCluster(
  server: Server,
  plan: TenancyPlan,
  shard: string = mainShard,
): Promise<void> {
  const admin = await server.connect('postgres', 'postgres');
  await admin.query('create database strata');
  await installPlatform(server, 'strata');
  const url = server.url('strata_migrator', 'strata');
  for (const { name, sql } of plan.migrations) {
    await migration.create({ url, cluster, scope: 'app', name, sql }, contextFor(name));
  }
  const events = shard === mainShard ? plan.events : {};
  for (const fence of withEvents(compileTenancy(plan.declaration), events)) {
    await table.create({ url, cluster, schema: plan.version, ...fence }, contextFor(fence.table));
  }
  await makeTemplate(
    { admin: server.url('postgres', 'strata'), migrator: url },
    { setup: [], platform: readMigrations(path.join(root, 'sql'), 'platform'), plan },
    contextFor('template'),
  );
}

/** Clusters by the names of their shards, the first of them `main`. */
export function platformOf(servers: Readonly<Record<string, Server>>, plan: TenancyPlan): Platform {
  const clusters = new Map(
    Object.entries(servers).map(([shard, server]) => [
      shard,
      server.url('strata_migrator', 'strata'),
    ]),
  );
  return { clusters, plan, master };
}

/** A tenant with members in the registry, and its place. */
export async function addTenant(
  server: Server,
  platform: Platform,
  slug: string,
  { model = 'shared', shard = 'main', members = {} }: Wanted,
): Promise<Tenant> {
  const url = server.url('strata_migrator', 'strata');
  const logins = { clusters: Object.fromEntries(platform.clusters), master: platform.master };
  await tenantResource.create(
    { url, cluster, ...logins, ...wantedTenant(slug, members) },
    contextFor(slug),
  );
  const tenant = await asMaintenance(url, async (client) => {
    const { rows } = await client.query<Tenant>(
      `update registry.tenants t set model = $2, shard = $3 where slug = $1 returning ${tenantColumns}`,
      [slug, model, shard],
    );
    return rows[0];
  });
  if (!tenant) throw new Error(`${slug} is not in the registry`);
  await provision(platform, tenant);
  return tenant;
}

interface Wanted {
  readonly model?: Model;
  readonly shard?: string;
  readonly members?: Readonly<Record<string, 'admin' | 'member'>>;
}
