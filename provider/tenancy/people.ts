import type { Client } from 'pg';
import { handleProblems, RefusedError, repeated, type Wanted } from './wanted';

/** Who is to come to a tenant, to have another role there, or to leave it. */
export interface MemberChanges {
  readonly members?: Wanted['members'];
  /** Handles. */
  readonly leaving?: readonly string[];
}

/** What is wrong with changes of members, whoever they are. */
export function memberChangeProblems({ members = [], leaving = [] }: MemberChanges): string[] {
  const named = [...members.map(({ user }) => user), ...leaving];
  return [
    ...members.flatMap(({ user }) => handleProblems(user)),
    ...repeated(named).map((user) => `${user} is named twice`),
  ];
}

/**
 * Changes who belongs to a tenant; who does not and is to leave has left. Throws `RefusedError` when it would be left
 * without an admin. `client` is maintenance.
 */
export async function changeMembers(
  client: Client,
  { id, slug }: { readonly id: string; readonly slug: string },
  { members = [], leaving = [] }: MemberChanges,
): Promise<void> {
  if (members.length === 0 && leaving.length === 0) return;
  await writeMembers(client, id, members);
  await removeMembers(client, id, leaving);
  if ((await membersOf(client, id)).some(({ role }) => role === 'admin')) return;
  throw new RefusedError(`${slug} stays as it is`, [
    'it would have no admin, so nobody could manage it',
  ]);
}

/** Ends memberships, by handles; the users stay. `client` is maintenance. */
export async function removeMembers(
  client: Client,
  tenantId: string,
  users: readonly string[],
): Promise<void> {
  await client.query(
    `delete from registry.members m using registry.users u
     where m.tenant_id = $1 and u.id = m.user_id and u.handle = any ($2::text[])`,
    [tenantId, users],
  );
}

/** Who belongs to a tenant, by handle. `client` is maintenance. */
export async function membersOf(client: Client, tenantId: string): Promise<Wanted['members']> {
  const { rows } = await client.query<Wanted['members'][number]>(
    `select u.handle as user, m.role from registry.members m join registry.users u on u.id = m.user_id
     where m.tenant_id = $1 order by 1`,
    [tenantId],
  );
  return rows;
}

export function noMember(slug: string, person: string, members: Wanted['members']): RefusedError {
  return new RefusedError(
    `${slug} has no member ${JSON.stringify(person)}. Its members: ${members.map(({ user }) => user).join(', ') || 'none'}`,
  );
}

/** Makes users where they are not yet, and members with the roles that are said. `client` is maintenance. */
export async function writeMembers(
  client: Client,
  id: string,
  members: Wanted['members'],
): Promise<void> {
  const users = members.map(({ user }) => user);
  await client.query(
    'insert into registry.users (handle) select unnest($1::text[]) on conflict (handle) do nothing',
    [users],
  );
  await client.query(
    `insert into registry.members (tenant_id, user_id, role)
     select $1, u.id, m.role from unnest($2::text[], $3::text[]) as m (handle, role)
     join registry.users u using (handle)
     on conflict (tenant_id, user_id) do update set role = excluded.role where members.role <> excluded.role`,
    [id, users, members.map(({ role }) => role)],
  );
}

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
