import type { Clusters } from './clusters';
import { exclusively } from './lifecycle';
import { refuseMove } from './move-journal';
import { membersOf, noMember } from './people';
import type { Platform } from './provision';
import { findTenant, inRegistry } from './registry';
import type { TenantStore } from './stores/store';
import type { Tenant } from './tenant';
import { RefusedError } from './wanted';

/**
 * Forgets one person in a tenant: personal columns of the rows that this person owns, private files, jobs, API keys, the
 * membership, and the user when no other tenant has it. Rows and files for others stay, without an owner. The audit log
 * keeps an id that names nobody any more; exports and backups of before keep what they have.
 *
 * `person` is a handle or an id. Interrupted, it is done by running it again. A move of the tenant is waited for. Throws
 * one sentence when there is no such member, and while a move that was interrupted has left rows at two places.
 */
export async function erasePerson(
  platform: Platform,
  stores: readonly TenantStore[],
  { id, slug }: Pick<Tenant, 'id' | 'slug'>,
  person: string,
): Promise<void> {
  await exclusively(platform.clusters, slug, async () => {
    const tenant = await findTenant(platform.clusters, id);
    await refuseMove(platform, tenant);
    const found = await findPerson(platform.clusters, tenant, person);
    // Rows last: they are how the rest is found again.
    for (const store of [...stores].reverse()) await store.erase(tenant, found);
  });
}

/** Who it is; from now on nobody downloads the person's private files. */
async function findPerson(
  clusters: Clusters,
  { id, slug }: Tenant,
  person: string,
): Promise<Parameters<TenantStore['erase']>[1]> {
  return inRegistry(clusters, async (client) => {
    const users = await client.query<{ id: string }>(
      `select u.id from registry.members m join registry.users u on u.id = m.user_id
       where m.tenant_id = $1 and (u.handle = $2 or u.id::text = $2)`,
      [id, person],
    );
    const [userId, another] = users.rows.map((user) => user.id);
    if (userId === undefined) throw noMember(slug, person, await membersOf(client, id));
    if (another !== undefined) {
      throw new RefusedError(
        `${person} is the handle of one member of ${slug} and the id of another: nobody is forgotten. Name the second by the handle`,
      );
    }
    const files = await client.query<{ id: string }>(
      `update storage.files set status = 'deleting'
       where tenant_id = $1 and owner_id = $2 and visibility = 'private' returning id`,
      [id, userId],
    );
    return { userId, privateFiles: files.rows.map(({ id: file }) => file) };
  });
}
