import { randomBytes } from 'node:crypto';
import {
  folderSink,
  manifestText,
  sha256Of,
  writeManifest,
  type Contents,
  type Sink,
} from './export-folder';
import type { ExportOptions, TenantStore } from './stores/store';
import type { Tenant } from './tenant';

/** What an export is called and holds. */
export interface Exported {
  /** SHA-256 of its manifest, which has the hashes of everything else. */
  readonly sha256: string;
  readonly manifest: string;
}

/**
 * Copies a tenant into a new folder: rows, files, people. The same tenant is the same bytes, in whatever model and on
 * whatever shard it is. `anonymise` replaces what the declaration calls personal, and people by made-up ones, with a salt
 * that nobody keeps; files are left out.
 *
 * Every database is read as it was at one moment; a tenant with a place in another database than the registry's is to be
 * suspended before, if people and rows have to be of the same one. Throws one sentence when the folder is not empty.
 */
export async function exportTenant(
  stores: readonly TenantStore[],
  tenant: Tenant,
  folder: string,
  { anonymise = false }: { readonly anonymise?: boolean } = {},
): Promise<Exported> {
  const options = anonymise ? { salt: randomBytes(32).toString('hex') } : {};
  const exported = await describe(stores, tenant, await folderSink(folder), options);
  await writeManifest(folder, exported.manifest);
  return exported;
}

/** Writes a tenant to `to`, and says what that was. */
export async function describe(
  stores: readonly TenantStore[],
  tenant: Tenant,
  to: Sink,
  options: ExportOptions = {},
): Promise<Exported> {
  const contents: Contents = { members: [], tables: [], objects: [] };
  for (const store of stores) Object.assign(contents, await store.export(tenant, to, options));
  const { id, slug, name } = tenant;
  const manifest = manifestText({
    format: 'strata tenant 1',
    tenant: { id, slug, name },
    anonymised: options.salt !== undefined,
    ...contents,
  });
  return { sha256: sha256Of(manifest), manifest };
}
