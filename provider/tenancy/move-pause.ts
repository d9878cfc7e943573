import type { Client } from 'pg';
import type { Place } from '../../components/tenancy/places';
import { inTransaction } from '../database/connect';

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
 *
 * Switches in one database take turns from before their transaction id until they are kept: `last_switch` only grows, so
 * that every snapshot that does not see a switch is older than what stands there.
 */
export async function close(client: Client, tenantId: string, { schema }: Place): Promise<void> {
  await inTransaction(client, 'strata_maintenance', async () => {
    await client.query("select pg_advisory_xact_lock(hashtextextended('strata.switch', 0))");
    await enterAway(client, tenantId, schema);
    await client.query("select setval('tenancy.last_switch', pg_current_xact_id()::text::bigint)");
  });
}

/** Nobody writes there until `open`: a place that is being filled, which may have been the tenant's before. */
export async function keepShut(client: Client, tenantId: string, { schema }: Place): Promise<void> {
  await inTransaction(client, 'strata_maintenance', () => enterAway(client, tenantId, schema));
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
