import type { Command } from 'commander';
import { sha256Of } from '../../provider/tenancy/export-folder';
import { readExport } from '../../provider/tenancy/export-read';
import { nobody, type WantedJob } from '../../provider/tenancy/jobs';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant, tenantNamed } from '../../provider/tenancy/registry';
import { deleteTenant } from '../../provider/tenancy/remove';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import { terminal } from '../terminal';
import { accessOf, tenantsCommandNamed, type AccessOptions } from './access';
import { byWorker, inVolume, isForWorker } from './by-worker';
import { tenantArgument } from './values';

interface DeleteOptions extends AccessOptions {
  readonly folder: string;
  readonly token?: string;
}

/** `tenants delete`: exports first, and deletes when it is told the token of that export. */
export function deleteCommand(): Command {
  return tenantsCommandNamed(
    'delete',
    'delete a tenant in two steps: export, then again with the token',
  )
    .argument(...tenantArgument)
    .requiredOption('--folder <folder>', 'where the export is written, and read again')
    .option('--token <token>', 'what the first step printed')
    .action(deleteAction);
}

async function deleteAction(slugOrId: string, options: DeleteOptions): Promise<void> {
  const { folder, token, json = false } = options;
  const out = terminal(true);
  const access = await accessOf(options, out);
  const { platform } = access;
  const known = await tenantNamed(platform.clusters, slugOrId);
  if (known && access.declared.has(known.slug)) {
    out.note(
      `${known.slug} stands in the config: take it out of strata:tenancy.tenants when it is deleted, or the next deployment makes a new one.`,
    );
  }
  if (isForWorker(access, out)) {
    const job = await deletion(platform, slugOrId, options);
    out.result(JSON.stringify(await byWorker(platform.clusters, job, out), null, 2));
    return;
  }
  const tenant =
    token === undefined
      ? await findTenant(platform.clusters, slugOrId)
      : await exported(folder, slugOrId);
  const stores = [postgresStore(platform)];
  const result = await deleteTenant(platform, stores, tenant, { folder, token, onStep: out.note });
  if (json) out.result(JSON.stringify(result, null, 2));
  else if (result.step === 'exported') {
    out.note(
      `${tenant.slug} is exported to ${folder}. To delete it for good:\n` +
        `  npm run tenants -- delete ${tenant.slug} --folder ${folder} --token ${result.token}${stackOption(options.stack)}`,
    );
    out.result(result.token);
  } else {
    out.result(
      `${tenant.slug} is deleted and nothing of it was found any more. Receipt: ${result.tenantHash}`,
    );
  }
}

/** The last step names nobody, because it outlives the tenant, and yet says who is meant as long as that is known. */
async function deletion(
  { clusters }: Platform,
  slugOrId: string,
  { folder, token }: DeleteOptions,
): Promise<WantedJob> {
  const given = { folder: inVolume(folder) };
  if (token === undefined) {
    const { id: tenantId, slug } = await findTenant(clusters, slugOrId);
    return { action: 'delete', slug, tenantId, arguments: given };
  }
  const tenant = await tenantNamed(clusters, slugOrId);
  const meant = tenant && { tenantHash: sha256Of(tenant.id) };
  return { action: 'delete', slug: nobody, arguments: { ...given, token, ...meant } };
}

/** The registry may not know it any more. */
async function exported(folder: string, slugOrId: string): Promise<{ id: string; slug: string }> {
  const { tenant } = (await readExport(folder)).manifest;
  if (tenant.slug === slugOrId || tenant.id === slugOrId) return tenant;
  throw new UserError(`${folder} is the export of ${tenant.slug}, not of ${slugOrId}`);
}
