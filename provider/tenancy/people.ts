import type { Client } from 'pg';

/** Ends the memberships in a tenant, but those of `kept`; returns whose they were. `client` is maintenance. */
export async function endMemberships(
  client: Client,
  tenantId: string,
  kept: readonly string[] = [],
): Promise<string[]> {
  const { rows } = await client.query<{ userId: string }>(
    `delete from registry.members where tenant_id = $1 and user_id <> all ($2::uuid[])
     returning user_id as "userId"`,
    [tenantId, kept],
  );
  return rows.map(({ userId }) => userId);
}

/**
 * Deletes those of the users who are members of no tenant any more. Whoever makes one of them a member at this moment is
 * waited for; whoever comes later waits until the end of the transaction, so what takes long comes before this. `client`
 * is maintenance.
 */
export async function deleteStrangers(client: Client, userIds: readonly string[]): Promise<void> {
  // A statement of its own: a "delete" that has waited does not look for memberships again, and would take the new one along.
  await client.query(
    'select from registry.users where id = any ($1::uuid[]) order by id for update',
    [userIds],
  );
  await client.query(
    `delete from registry.users u where u.id = any ($1::uuid[])
       and not exists (select from registry.members m where m.user_id = u.id)`,
    [userIds],
  );
}
