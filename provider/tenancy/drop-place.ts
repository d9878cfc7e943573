import type { Client } from 'pg';
import { quoteName } from '../../components/tenancy/identifiers';
import { tenantRole, type Place } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import { inTransaction } from '../database/connect';
import { patiently } from './passing';

/** Less than Postgres' deadlock_timeout (1 s). */
const briefMs = 200;

/**
 * Drops a tenant's own schema or database in a cluster, with what the ledger has of it; the role stays. What is gone
 * already is no error. `client` is the migrator at the cluster's `strata`. Throws in words while somebody is connected to
 * the database, and when no moment without a writer is found for half a minute.
 */
export async function dropPlace(client: Client, tenantId: string, place: Place): Promise<void> {
  if (place.model === 'database') await dropDatabase(client, tenantId, place);
  if (place.model === 'schema') await dropSchema(client, place);
}

/** The tenant's own login begins no session any more; those that it has stay. */
export async function closeLogin(client: Client, tenantId: string): Promise<void> {
  await client.query('select strata.hold_tenant_login($1, false, null, null)', [tenantId]);
}

/** No session of the tenant's own login stays, and none begins. */
export async function endLogin(client: Client, tenantId: string): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_auth_members m join pg_roles r on r.oid = m.member
     where r.rolname = $1 and m.roleid = 'strata_tenant'::regrole`,
    [tenantRole(tenantId)],
  );
  if (!rowCount) return;
  await closeLogin(client, tenantId);
  await client.query('select strata.end_tenant_sessions($1)', [tenantId]);
}

async function dropDatabase(client: Client, tenantId: string, { database }: Place): Promise<void> {
  await endLogin(client, tenantId);
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  if (!rowCount) return;
  const name = quoteName(database);
  await client.query('set role strata_owner');
  try {
    await client.query(`alter database ${name} allow_connections false`);
    await client.query(`drop database ${name}`);
  } catch (error) {
    if ((error as { code?: string }).code !== '55006') throw error;
    throw new UserError(
      `${database} is still in use, by an auditor or another run of the platform's work: run the same again when they ` +
        'are done, and the rest goes',
    );
  } finally {
    await client.query('reset role');
  }
}

/**
 * References to the registry go with the tables, and for that its tables are locked: whoever writes anywhere waits. So it
 * gives up before Postgres would look for a deadlock and end somebody's transaction, and tries again.
 */
async function dropSchema(client: Client, { schema }: Place): Promise<void> {
  await patiently(() =>
    inTransaction(client, 'strata_owner', async () => {
      await client.query(`set local lock_timeout = '${briefMs}ms'`);
      await client.query(`drop schema if exists ${quoteName(schema)} cascade`);
    }),
  );
  await client.query('select strata.forget_place($1)', [schema]);
}
