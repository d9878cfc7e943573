import { UserError } from '../../engine/errors';
import { exportTenant } from './export';
import { sha256Of } from './export-folder';
import { readExport, type Source } from './export-read';
import { exclusively } from './lifecycle';
import { refuseMove } from './move-journal';
import type { Platform } from './provision';
import { inRegistry } from './registry';
import { close, hasReceipt, isDecided, writeReceipt, type Receipt } from './remove-doors';
import { removeFromRegistry } from './stores/postgres-remove';
import type { TenantStore } from './stores/store';
import { tenantColumns, type Tenant } from './tenant';
import { RefusedError } from './wanted';

/** What the first step made: the export, and what confirms that it is this one after which the tenant may go. */
export interface Exported {
  readonly step: 'exported';
  readonly token: string;
  /** Of the export's manifest. */
  readonly sha256: string;
}

/** Proof that nothing is left. */
export interface Deleted extends Receipt {
  readonly step: 'deleted';
}

interface Options {
  /** Where the export is. */
  readonly folder: string;
  /** What the first step gave; without it this is the first step. */
  readonly token?: string | undefined;
  /** Called before each step of the deletion. */
  readonly onStep?: (step: string) => void;
}

/**
 * Deletes a tenant in two steps. The first exports it into `folder` and returns a token. The second, with that token,
 * closes all doors, compares the export with what is there now, and takes everything away: objects, keys, jobs, rows,
 * schema, database, role, events, lines of the audit log, the row in the registry; then it looks for what is left
 * everywhere and leaves a receipt that names nobody.
 *
 * Whatever interrupts the second step: run it again, even when the registry does not know the tenant any more. Throws in
 * words when the folder is damaged, the token is another's, or anything changed since the export. Backups keep the
 * tenant until they are as old as they get.
 */
export function deleteTenant(
  platform: Platform,
  stores: readonly TenantStore[],
  tenant: Pick<Tenant, 'id' | 'slug'>,
  options: Options,
): Promise<Exported | Deleted> {
  return exclusively(platform.clusters, tenant.slug, async () => {
    const found = await lookUp(platform, tenant.id);
    return options.token === undefined
      ? confirmable(platform, stores, { ...tenant, found }, options.folder)
      : remove(platform, stores, tenant, found, { ...options, token: options.token });
  });
}

async function confirmable(
  platform: Platform,
  stores: readonly TenantStore[],
  { slug, found }: { readonly slug: string; readonly found: Tenant | undefined },
  folder: string,
): Promise<Exported> {
  if (!found) throw new RefusedError(`there is no tenant ${slug}`);
  if (await isDecided(platform, found)) {
    throw new RefusedError(
      `${slug} is half deleted: go on with the export and the token of before`,
    );
  }
  await refuseMove(platform, found);
  const { sha256 } = await exportTenant(stores, found, folder);
  return { step: 'exported', sha256, token: tokenOf(found.id, sha256) };
}

async function remove(
  platform: Platform,
  stores: readonly TenantStore[],
  tenant: Pick<Tenant, 'id' | 'slug'>,
  found: Tenant | undefined,
  { folder, token, onStep = () => undefined }: Options & { readonly token: string },
): Promise<Deleted> {
  const source = await confirmed(tenant, folder, token);
  if (found) {
    await close(platform, stores, found, source, onStep);
    for (const store of [...stores].reverse()) {
      onStep(`remove from ${store.name}`);
      await store.remove(found);
    }
    onStep('remove from the registry');
    await removeFromRegistry(platform.clusters, found);
  } else if (!(await hasReceipt(platform, source))) {
    throw new RefusedError(
      `there is no tenant ${tenant.slug}, and none was deleted after this export`,
    );
  }
  onStep('search');
  await refuseLeftovers(stores, tenant.id);
  onStep('receipt');
  return { step: 'deleted', ...(await writeReceipt(platform, source)) };
}

/** It says which export was seen; it opens nothing. */
function tokenOf(tenantId: string, sha256: string): string {
  return sha256Of(`strata delete v1\0${tenantId}\0${sha256}`).slice(0, 32);
}

async function confirmed(
  tenant: Pick<Tenant, 'id' | 'slug'>,
  folder: string,
  token: string,
): Promise<Source> {
  const source = await readExport(folder);
  const { manifest, sha256 } = source;
  if (manifest.tenant.id !== tenant.id) {
    throw new RefusedError(
      `${folder} is the export of ${manifest.tenant.slug}, not of ${tenant.slug}`,
    );
  }
  if (manifest.anonymised) {
    throw new RefusedError(
      `${folder} is an anonymised copy: a tenant is deleted after a whole export`,
    );
  }
  if (token !== tokenOf(tenant.id, sha256)) {
    throw new RefusedError(
      `this token is not the one of the export in ${folder}: take the one that was printed with it, or export again`,
    );
  }
  return source;
}

async function refuseLeftovers(stores: readonly TenantStore[], tenantId: string): Promise<void> {
  const left: string[] = [];
  for (const store of stores) {
    left.push(...(await store.leftovers(tenantId)).map((what) => `${store.name}: ${what}`));
  }
  if (left.length === 0) return;
  const shown = left.slice(0, 50).map((what) => `  - ${what}`);
  throw new UserError(
    `the tenant is deleted but not everything is gone; take it away and run this again:\n${shown.join('\n')}`,
  );
}

function lookUp({ clusters }: Platform, tenantId: string): Promise<Tenant | undefined> {
  return inRegistry(clusters, async (client) => {
    const { rows } = await client.query<Tenant>(
      `select ${tenantColumns} from registry.tenants t where t.id = $1`,
      [tenantId],
    );
    return rows[0];
  });
}
