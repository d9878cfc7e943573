import path from 'node:path';
import { z } from 'zod';
import { mainShard, models } from '../../../tenancy/places';
import { erasePerson } from '../../../../provider/tenancy/erase';
import { exportTenant } from '../../../../provider/tenancy/export';
import { sha256Of, type Manifest } from '../../../../provider/tenancy/export-folder';
import { readExport } from '../../../../provider/tenancy/export-read';
import { importTenant } from '../../../../provider/tenancy/import';
import type { Held } from '../../../../provider/tenancy/jobs';
import type { Platform } from '../../../../provider/tenancy/provision';
import { findTenant, tenantNamed } from '../../../../provider/tenancy/registry';
import { deleteTenant } from '../../../../provider/tenancy/remove';
import { RefusedError } from '../../../../provider/tenancy/wanted';
import type { Action, Tools } from './actions';
import { defined, nameOf, read } from './arguments';
import { inNewFolder } from './new-folder';

/** In the folder of exports, and nowhere else. */
const folder = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'the name of a folder in the volume of exports: a-z, 0-9 and -, 63 characters at most',
});

const exporting = z.strictObject({ folder, anonymise: z.boolean().default(false) });
const importing = z.strictObject({
  folder,
  model: z.enum(models),
  shard: z.string().default(mainShard),
  as: z.strictObject({ slug: z.string(), name: z.string().optional() }).optional(),
});
const erasing = z.strictObject({ person: z.string() });
const deleting = z.strictObject({
  folder,
  token: z.string().optional(),
  /** SHA-256 of the id of the tenant that is meant; absent where it is not in the registry any more. */
  tenantHash: z.string().optional(),
});

/** Where only containers reach the object store and Redis: what copies and deletes what tenants have. */
export const dataActions: Readonly<Record<'export' | 'import' | 'anonymise' | 'delete', Action>> = {
  async export(job, tools) {
    const { folder: name, anonymise } = read(exporting, job);
    const tenant = await findTenant(tools.platform.clusters, nameOf(job));
    const { sha256 } = await inNewFolder(placeOf(name, job, tools), job, (to) =>
      exportTenant(tools.stores, tenant, to, { anonymise }),
    );
    return { tenantId: tenant.id, result: { tenant: tenant.slug, folder: name, sha256 } };
  },
  async import(job, tools) {
    const { folder: name, model, shard, as } = read(importing, job);
    const { id, slug } = await importTenant(
      tools.platform,
      tools.stores,
      placeOf(name, job, tools),
      { model, shard, ...(as && { as: { slug: as.slug, ...defined({ name: as.name }) } }) },
    );
    return { tenantId: id, result: { id, slug } };
  },
  async anonymise(job, { platform, stores }) {
    const { person } = read(erasing, job);
    const tenant = await findTenant(platform.clusters, nameOf(job));
    await erasePerson(platform, stores, tenant, person);
    return { tenantId: tenant.id };
  },
  async delete(job, tools, tell) {
    const { folder: name, token, tenantHash } = read(deleting, job);
    const { platform, stores } = tools;
    const at = placeOf(name, job, tools);
    if (token !== undefined) {
      const tenant = await exported(at, tenantHash, platform);
      const options = { folder: at, token, onStep: tell };
      return { result: await deleteTenant(platform, stores, tenant, options) };
    }
    const tenant = await findTenant(platform.clusters, nameOf(job));
    const result = await inNewFolder(at, job, (to) =>
      deleteTenant(platform, stores, tenant, { folder: to }),
    );
    return { result };
  },
};

/**
 * The tenant of an export, which the registry may not know any more. Throws `RefusedError`, which names nobody, when
 * another tenant is meant.
 */
async function exported(
  at: string,
  tenantHash: string | undefined,
  { clusters }: Platform,
): Promise<Manifest['tenant']> {
  const { tenant } = (await readExport(at)).manifest;
  const meant =
    tenantHash === undefined
      ? (await tenantNamed(clusters, tenant.id)) === undefined
      : tenantHash === sha256Of(tenant.id);
  if (meant) return tenant;
  throw new RefusedError('Nobody is deleted', [
    `${path.basename(at)} is the export of another tenant than the one that was named: name the one that it is of`,
  ]);
}

function placeOf(name: string, { action }: Held, { exports }: Tools): string {
  if (exports !== undefined) return path.join(exports, name);
  throw new RefusedError(`This worker does not ${action} tenants`, [
    'it has no volume for exports',
  ]);
}
