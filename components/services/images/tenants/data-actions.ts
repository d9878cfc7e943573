import path from 'node:path';
import { z } from 'zod';
import { mainShard, models } from '../../../tenancy/places';
import { erasePerson } from '../../../../provider/tenancy/erase';
import { exportTenant } from '../../../../provider/tenancy/export';
import { readExport } from '../../../../provider/tenancy/export-folder';
import { importTenant } from '../../../../provider/tenancy/import';
import type { Held, JobAction } from '../../../../provider/tenancy/jobs';
import { findTenant } from '../../../../provider/tenancy/registry';
import { deleteTenant } from '../../../../provider/tenancy/remove';
import { RefusedError } from '../../../../provider/tenancy/wanted';
import type { Action, Tools } from './actions';
import { defined, nameOf, read } from './arguments';

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
const deleting = z.strictObject({ folder, token: z.string().optional() });

/** Where only containers reach the object store and Redis: what copies and deletes what tenants have. */
export const dataActions: Readonly<Partial<Record<JobAction, Action>>> = {
  async export(job, tools) {
    const { folder: name, anonymise } = read(exporting, job);
    const tenant = await findTenant(tools.platform.clusters, nameOf(job));
    // An attempt that was interrupted left a part: the next one is another folder.
    const written = job.attempt === 1 ? name : `${name}-${String(job.attempt)}`;
    const to = placeOf(written, job, tools);
    const { sha256 } = await exportTenant(tools.stores, tenant, to, { anonymise });
    return { tenantId: tenant.id, result: { tenant: tenant.slug, folder: written, sha256 } };
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
    const { folder: name, token } = read(deleting, job);
    const from = placeOf(name, job, tools);
    const tenant =
      token === undefined
        ? await findTenant(tools.platform.clusters, nameOf(job))
        : (await readExport(from)).manifest.tenant;
    const result = await deleteTenant(tools.platform, tools.stores, tenant, {
      folder: from,
      token,
      onStep: tell,
    });
    return { result };
  },
};

function placeOf(name: string, { action }: Held, { exports }: Tools): string {
  if (exports !== undefined) return path.join(exports, name);
  throw new RefusedError(`This worker does not ${action} tenants`, [
    'it has no volume for exports',
  ]);
}
