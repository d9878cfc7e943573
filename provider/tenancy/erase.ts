import { UserError } from '../../engine/errors';
import type { Platform } from './provision';
import { inRegistry } from './registry';
import type { TenantStore } from './stores/store';
import type { Tenant } from './tenant';

/**
 * Forgets one person in a tenant: personal columns of the rows that this person owns, private files, jobs, API keys, the
 * membership, and the user when no other tenant has it. Rows and files for others stay, without an owner. The audit log
 * keeps an id that names nobody any more; exports and backups of before keep what they have.
 *
 * `person` is a handle or an id. Interrupted, it is done by running it again. Throws one sentence when there is no such member.
 */
export async function erasePerson(
  { clusters }: Platform,
  stores: readonly TenantStore[],
  tenant: Tenant,
  person: string,
): Promise<void> {
  const found = await inRegistry(clusters, async (client) => {
    const users = await client.query<{ id: string }>(
      `select u.id from registry.members m join registry.users u on u.id = m.user_id
       where m.tenant_id = $1 and (u.handle = $2 or u.id::text = $2)`,
      [tenant.id, person],
    );
    const userId = users.rows[0]?.id;
    if (userId === undefined) return undefined;
    // From now on nobody downloads them.
    const files = await client.query<{ id: string }>(
      `update storage.files set status = 'deleting'
       where tenant_id = $1 and owner_id = $2 and visibility = 'private' returning id`,
      [tenant.id, userId],
    );
    return { userId, privateFiles: files.rows.map(({ id }) => id) };
  });
  if (!found) throw new UserError(`${tenant.slug} has no member ${person}`);
  // Rows last: they are how the rest is found again.
  for (const store of [...stores].reverse()) await store.erase(tenant, found);
}
