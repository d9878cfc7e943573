import { asMaintenance, withClient } from '../database/connect';
import { clusterUrl, placeUrl } from './clusters';
import { endLogin } from './drop-place';
import { describe } from './export';
import { nowhere, sha256Of, type Manifest } from './export-folder';
import type { Source } from './export-read';
import { refuseMove } from './move-journal';
import { open, shut } from './move-pause';
import type { Platform } from './provision';
import { inRegistry } from './registry';
import type { TenantStore } from './stores/store';
import { placeOfTenant, type Tenant } from './tenant';
import { RefusedError } from './wanted';

/** What stays of a deleted tenant. */
export interface Receipt {
  /** SHA-256 of its id: names nobody to whoever does not know the id. */
  readonly tenantHash: string;
  readonly exportSha256: string;
  readonly rows: number;
}

/**
 * Lets nobody write any more and makes sure that the export is what is there. Then the receipt is written: from there on
 * there is no way back, and an interrupted deletion goes on without comparing again, because a part may be gone.
 */
export async function close(
  platform: Platform,
  stores: readonly TenantStore[],
  tenant: Tenant,
  source: Source,
  onStep: (step: string) => void,
): Promise<void> {
  if (tenant.status === 'deleting' && (await hasReceipt(platform, source))) return;
  await refuseMove(platform, tenant);
  // Without this a tenant in use would be closed only to find out that its export is old.
  if (tenant.status !== 'deleting') await refuseChanges(stores, tenant, source);
  onStep('close');
  await setStatus(platform, tenant, 'deleting');
  await withClient(clusterUrl(platform.clusters, tenant.shard), (client) =>
    endLogin(client, tenant.id),
  );
  await endWrites(platform, tenant);
  onStep('compare');
  try {
    await refuseChanges(stores, tenant, source);
  } catch (error) {
    await allowWrites(platform, tenant);
    await setStatus(platform, tenant, 'suspended');
    throw error;
  }
  onStep('decide');
  await decide(platform, source);
}

/** Whether a deletion has gone so far that an export would not be whole any more. */
export function isDecided({ clusters }: Platform, { id, status }: Tenant): Promise<boolean> {
  return inRegistry(clusters, async (client) => {
    const { rowCount } = await client.query(
      'select from registry.tombstones where tenant_hash = $1',
      [sha256Of(id)],
    );
    return status === 'deleting' && rowCount === 1;
  });
}

export function hasReceipt(platform: Platform, { manifest, sha256 }: Source): Promise<boolean> {
  return inRegistry(platform.clusters, async (client) => {
    const { rowCount } = await client.query(
      'select from registry.tombstones where tenant_hash = $1 and export_sha256 = $2',
      [sha256Of(manifest.tenant.id), sha256],
    );
    return rowCount === 1;
  });
}

/** Says since when nothing is left. */
export async function writeReceipt(
  platform: Platform,
  { manifest, sha256 }: Source,
): Promise<Receipt> {
  const tenantHash = sha256Of(manifest.tenant.id);
  await inRegistry(platform.clusters, (client) =>
    client.query('update registry.tombstones set deleted_at = now() where tenant_hash = $1', [
      tenantHash,
    ]),
  );
  return { tenantHash, exportSha256: sha256, rows: rowsOf(manifest) };
}

async function decide(platform: Platform, { manifest, sha256 }: Source): Promise<void> {
  await inRegistry(platform.clusters, (client) =>
    client.query(
      'insert into registry.tombstones (tenant_hash, export_sha256, rows) values ($1, $2, $3)',
      [sha256Of(manifest.tenant.id), sha256, rowsOf(manifest)],
    ),
  );
}

function rowsOf({ tables }: Manifest): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

async function refuseChanges(
  stores: readonly TenantStore[],
  tenant: Tenant,
  { manifest, sha256 }: Source,
): Promise<void> {
  const now = await describe(stores, tenant, nowhere);
  if (now.sha256 === sha256) return;
  const changed = changes(manifest, JSON.parse(now.manifest) as Manifest).join(', ');
  throw new RefusedError(
    `${tenant.slug} is not what was exported any more (${changed}): suspend it, export it anew and confirm with the new token`,
  );
}

function changes(then: Manifest, now: Manifest): string[] {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return [
    ...(['tenant', 'members', 'objects'] as const).filter((part) => !same(then[part], now[part])),
    ...now.tables
      .filter((table) => !then.tables.some((before) => same(before, table)))
      .map(({ name }) => name),
  ];
}

/** Who writes at this moment ends first; who comes later is refused by the database, whatever let it in. */
function endWrites({ clusters }: Platform, tenant: Tenant): Promise<void> {
  const place = placeOfTenant(tenant);
  return asMaintenance(placeUrl(clusters, place), async (client) => {
    await client.query('select pg_advisory_xact_lock(tenancy.hold_key($1))', [tenant.id]);
    await shut(client, tenant.id, place);
  });
}

function allowWrites({ clusters }: Platform, tenant: Tenant): Promise<void> {
  const place = placeOfTenant(tenant);
  return withClient(placeUrl(clusters, place), (client) => open(client, tenant.id, place));
}

/** A tenant that was imported after it was deleted has the receipt of the first time. */
async function setStatus(
  { clusters }: Platform,
  { id }: Tenant,
  status: 'deleting' | 'suspended',
): Promise<void> {
  await inRegistry(clusters, async (client) => {
    await client.query('update registry.tenants set status = $2 where id = $1', [id, status]);
    await client.query('delete from registry.tombstones where tenant_hash = $1', [sha256Of(id)]);
  });
}
