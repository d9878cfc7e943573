import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { tenantVerifier } from '../../components/tenancy/verifier';
import { mainShard, placeOf, type Place } from '../../components/tenancy/places';
import { inTransaction, withClient } from '../database/connect';
import { clusterUrl } from './clusters';
import { closeLogin, dropPlace } from './drop-place';
import { deleteOldRows } from './move-copy';
import { open } from './move-pause';
import { forget } from './mirror';
import type { Platform } from './provision';
import type { Tenant } from './tenant';

/**
 * Takes a place away that is not the tenant's, or no longer: database, schema or rows, the role unless `kept` uses it, and
 * the tenant's copy in that cluster's registry. `kept` is where the tenant's rows are. What is gone already is no error, so
 * an interrupted one is done by running it again.
 */
export async function withdraw(
  platform: Platform,
  tenant: Tenant,
  place: Place,
  kept: Place,
): Promise<void> {
  if (
    isDeepStrictEqual(place, kept) ||
    !isDeepStrictEqual(place, placeOf(tenant.id, place.model, place.shard))
  )
    throw new Error(
      `${place.database}.${place.schema} is not taken away: it is ${tenant.slug}'s, or not this tenant's`,
    );
  await withClient(clusterUrl(platform.clusters, place.shard), async (client) => {
    await dropPlace(client, tenant.id, place);
    if (place.model === 'schema') await open(client, tenant.id, place);
    if (place.model === 'shared') await deleteOldRows(platform, client, tenant.id, place);
    if (place.model !== 'shared') await settleRole(platform, client, tenant, { place, kept });
    if (place.shard !== mainShard && !isInStrata(kept, place.shard))
      await forget(client, tenant.id);
  });
}

/**
 * While both places are in one cluster, the tenant's role is the schema's and the login to the database: it is made both
 * before the second place is.
 */
export async function shareRole(
  platform: Platform,
  tenant: Tenant,
  from: Place,
  to: Place,
): Promise<void> {
  if (!haveOneRole(from, to)) return;
  await withClient(clusterUrl(platform.clusters, to.shard), (client) =>
    client.query('select strata.share_tenant_role($1, $2)', [
      tenant.id,
      verifierOf(platform, tenant),
    ]),
  );
}

async function settleRole(
  platform: Platform,
  client: Client,
  tenant: Tenant,
  { place, kept }: { readonly place: Place; readonly kept: Place },
): Promise<void> {
  if (haveOneRole(place, kept)) {
    const verifier = kept.model === 'database' ? verifierOf(platform, tenant) : null;
    await inTransaction(client, undefined, async () => {
      await client.query('select strata.unshare_tenant_role($1, $2)', [tenant.id, verifier]);
      if (verifier !== null && tenant.status === 'suspended') await closeLogin(client, tenant.id);
    });
  } else {
    await client.query('select strata.drop_tenant_role($1)', [tenant.id]);
  }
}

function haveOneRole(one: Place, other: Place): boolean {
  return one.shard === other.shard && one.model !== 'shared' && other.model !== 'shared';
}

function isInStrata({ model, shard }: Place, ofShard: string): boolean {
  return shard === ofShard && model !== 'database';
}

function verifierOf({ master }: Platform, { id, generation }: Tenant): string {
  return tenantVerifier(master, id, generation);
}
