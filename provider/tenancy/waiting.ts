import { messageOf } from '../../engine/errors';
import type { Failure } from './fan-out-report';
import { activate, exclusively } from './lifecycle';
import { provision, type Platform } from './provision';
import { findTenant, listTenants } from './registry';

/**
 * Makes the places of those tenants of the configuration that wait for one, and opens each as soon as it is made. What
 * could not be made is returned with its reason, stays as it is, and is gone on with the next time. Other tenants are
 * left to whoever makes them: a worker, a command, an import.
 */
export async function provisionWaiting(
  platform: Platform,
  slugs: readonly string[],
  progress: (text: string) => void,
): Promise<Failure[]> {
  const tenants = await listTenants(platform.clusters);
  const failures: Failure[] = [];
  for (const { slug, model, shard, status } of tenants) {
    if (status !== 'provisioning' || !slugs.includes(slug)) continue;
    progress(`making the place of ${slug} (${model}, ${shard})`);
    try {
      await exclusively(platform.clusters, slug, () => make(platform, slug));
    } catch (error) {
      failures.push({ slug, model, shard, reason: messageOf(error) });
    }
  }
  return failures;
}

/** A command on the same tenant may have been waited for, and have made it. */
async function make(platform: Platform, slug: string): Promise<void> {
  const tenant = await findTenant(platform.clusters, slug);
  if (tenant.status !== 'provisioning') return;
  await provision(platform, tenant);
  await activate(platform, tenant);
}
