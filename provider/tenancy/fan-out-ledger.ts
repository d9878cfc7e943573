import type { Client } from 'pg';
import { messageOf } from '../../engine/errors';
import { SqlError } from '../database/errors';
import { sha256 } from '../database/migration-file';
import type { TenancyPlan } from './plan';
import type { Platform } from './provision';
import type { Applied } from './bring-up';
import { inRegistry } from './registry';
import { tenantColumns, type Tenant } from './tenant';

/** How a tenant's own tables stand to the plan, as the registry knows it. */
export interface MigrationStatus {
  readonly slug: string;
  readonly model: Tenant['model'];
  readonly shard: string;
  readonly status: Tenant['status'];
  /** Version of the plan that its tables have; undefined when they were never brought to any. */
  readonly version: string | undefined;
  /** Migrations that its tables lack, and `fences` when rules differ. Empty: it has all of the plan. */
  readonly behind: readonly string[];
  /** Why it was not brought further the last time. */
  readonly error?: string;
}

/** What stands in the ledger when no migration failed, but the fences after them did. */
const fences = 'fences';

/**
 * Every tenant with tables of its own, and what these lack of the plan.
 *
 * Costs one query of the registry. A place is entered after its change was kept: a run that was killed just then leaves
 * a tenant that is shown as behind and is not, never the other way round, until the next fan-out has looked.
 */
export async function migrationStatus({ clusters, plan }: Platform): Promise<MigrationStatus[]> {
  const { rows } = await inRegistry(clusters, (client) => client.query<Row>(statusQuery));
  return rows.map((row) => statusOf(row, plan));
}

/** Tenants with a place of their own that is made, in the order of their slugs. `client` is maintenance at the registry. */
export async function ownPlaces(client: Client): Promise<Tenant[]> {
  const { rows } = await client.query<Tenant>(
    `select ${tenantColumns} from registry.tenants t
     where t.model <> 'shared' and t.status in ('active', 'suspended') order by t.slug`,
  );
  return rows;
}

/** What a tenant's place has. */
export interface Done {
  readonly tenant: Tenant;
  readonly applied: readonly Applied[];
}

/** As `enterAllDone`, of one tenant. */
export function enterDone(
  registry: Client,
  tenant: Tenant,
  applied: readonly Applied[],
  version: string,
): Promise<void> {
  return enterAllDone(registry, [{ tenant, applied }], version);
}

/**
 * Enters what tenants' places have: the places are right, whatever the registry said. One statement, so all or nothing;
 * nothing of a tenant that has moved on meanwhile. `registry` is maintenance.
 */
export async function enterAllDone(
  registry: Client,
  done: readonly Done[],
  version: string,
): Promise<void> {
  const places = done.map(({ tenant: { id, model, shard }, applied }) => ({
    id,
    model,
    shard,
    applied,
  }));
  await registry.query(
    `with here as (
       select t.id, place.applied from jsonb_to_recordset($1) as place (id uuid, model text, shard text, applied jsonb)
       join registry.tenants t on (t.id, t.model, t.shard) = (place.id, place.model, place.shard)
     ), entered as (
       insert into registry.tenant_migrations as m (tenant_id, name, sha256, state)
       select here.id, one.name, one.sha256, 'done'
       from here, jsonb_to_recordset(here.applied) as one (name text, sha256 text)
       on conflict (tenant_id, name) do update set sha256 = excluded.sha256, state = 'done', error = null, at = now()
       where (m.sha256, m.state) is distinct from (excluded.sha256, 'done')
     ), gone as (
       delete from registry.tenant_migrations as m using here
       where m.tenant_id = here.id and not here.applied @> jsonb_build_array(jsonb_build_object('name', m.name))
     )
     update registry.tenants set schema_version = $2
     where id in (select id from here) and schema_version is distinct from $2`,
    [JSON.stringify(places), version],
  );
}

/** Enters why a tenant's place could not be brought to the plan; the place is as it was. */
export async function enterFailed(
  registry: Client,
  tenant: Tenant,
  plan: TenancyPlan,
  error: unknown,
): Promise<void> {
  const failed = error instanceof SqlError ? error.migration : undefined;
  const file = plan.migrations.find(({ name }) => name === failed);
  await registry.query(
    `insert into registry.tenant_migrations as m (tenant_id, name, sha256, state, error)
     values ($1, $2, $3, 'failed', $4)
     on conflict (tenant_id, name) do update
       set sha256 = excluded.sha256, state = 'failed', error = excluded.error, at = now()
       where m.state = 'failed'`,
    [tenant.id, file?.name ?? fences, sha256(file?.sql ?? plan.version), messageOf(error)],
  );
}

interface Row extends Tenant {
  readonly schema_version: string | null;
  readonly done: Readonly<Record<string, string>>;
  readonly error: string | null;
}

const statusQuery = `
  select ${tenantColumns}, t.schema_version,
    coalesce((select jsonb_object_agg(m.name, m.sha256) from registry.tenant_migrations m
      where m.tenant_id = t.id and m.state = 'done'), '{}') as done,
    (select m.error from registry.tenant_migrations m
      where m.tenant_id = t.id and m.state = 'failed' order by m.at desc limit 1) as error
  from registry.tenants t where t.model <> 'shared' and t.status <> 'deleting' order by t.slug`;

function statusOf(row: Row, plan: TenancyPlan): MigrationStatus {
  const { slug, model, shard, status, schema_version: version, done, error } = row;
  const missing = plan.migrations.filter(({ name, sql }) => done[name] !== sha256(sql));
  const current = version === plan.version;
  return {
    slug,
    model,
    shard,
    status,
    version: version ?? undefined,
    behind: current ? [] : missing.length > 0 ? missing.map(({ name }) => name) : [fences],
    ...(error !== null && { error }),
  };
}
