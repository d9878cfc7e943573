import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { mainShard, placeOf, type Place } from '../../components/tenancy/places';
import { inTransaction, withClient } from '../database/connect';
import { clusterUrl, type Clusters } from './clusters';
import { placeOfTenant, type Tenant } from './tenant';

/**
 * Makes a tenant's writers wait, from now on until `resume`, and waits for those that are writing. False when one of them
 * takes longer than `lockMs`: nobody waits then. `client` is the migrator at the database with the tenant's rows.
 */
export async function pause(client: Client, tenantId: string, lockMs: number): Promise<boolean> {
  try {
    await client.query(`set role strata_maintenance; set lock_timeout = '${lockMs}ms'`);
    await client.query('select pg_advisory_lock(tenancy.hold_key($1))', [tenantId]);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error;
    return false;
  } finally {
    await client.query('reset role; reset lock_timeout').catch(() => undefined);
  }
}

/** Lets writers go on: where the tenant still is, or to be sent on. */
export async function resume(client: Client, tenantId: string): Promise<void> {
  await client.query('set role strata_maintenance');
  try {
    await client.query('select pg_advisory_unlock(tenancy.hold_key($1))', [tenantId]);
  } finally {
    await client.query('reset role').catch(() => undefined);
  }
}

/**
 * Refuses the tenant's writers at a place, for good. It has to run on the connection that has the pause: where that was
 * lost, somebody has written meanwhile, and this fails.
 */
export async function close(client: Client, tenantId: string, place: Place): Promise<void> {
  await inTransaction(client, 'strata_maintenance', () => shut(client, tenantId, place));
}

/**
 * As `close`, in a transaction of maintenance that has not written yet: switches in one database take turns from before
 * their transaction id until they are kept. `last_switch` only grows, so that every snapshot that does not see a switch is
 * older than what stands there.
 */
export async function shut(client: Client, tenantId: string, { schema }: Place): Promise<void> {
  await client.query("select pg_advisory_xact_lock(hashtextextended('strata.switch', 0))");
  await enterAway(client, tenantId, schema);
  await client.query("select setval('tenancy.last_switch', pg_current_xact_id()::text::bigint)");
}

/** Nobody writes there until `open`: a place that is being filled, which may have been the tenant's before. */
export async function keepShut(client: Client, tenantId: string, { schema }: Place): Promise<void> {
  await inTransaction(client, 'strata_maintenance', () => enterAway(client, tenantId, schema));
}

/**
 * Refuses the tenant's writers at the shared tables that are not its place: a backend that asks nobody where the tenant is
 * would write there what nobody reads, and a move would take away.
 */
export async function shutSharedTables(clusters: Clusters, tenant: Tenant): Promise<void> {
  const own = placeOfTenant(tenant);
  for (const shard of new Set([mainShard, own.shard])) {
    const shared = placeOf(tenant.id, 'shared', shard);
    if (isDeepStrictEqual(shared, own)) continue;
    await withClient(clusterUrl(clusters, shard), (client) => keepShut(client, tenant.id, shared));
  }
}

/** Lets the tenant's writers in. */
export async function open(client: Client, tenantId: string, { schema }: Place): Promise<void> {
  await inTransaction(client, 'strata_maintenance', () =>
    client.query('delete from tenancy.away where tenant_id = $1 and schema = $2', [
      tenantId,
      schema,
    ]),
  );
}

function enterAway(client: Client, tenantId: string, schema: string): Promise<unknown> {
  return client.query(
    'insert into tenancy.away (tenant_id, schema) values ($1, $2) on conflict do nothing',
    [tenantId, schema],
  );
}
