import { asMaintenance } from '../provider/database/connect';
import { UserError } from './errors';
import { nearest } from './nearest';

/** A user as the registry has it. */
export interface User {
  /** UUID. */
  readonly id: string;
  readonly handle: string;
  readonly memberships: readonly { readonly tenant: string; readonly role: string }[];
  /** At which auth service he is known, and by which id there. */
  readonly identities: readonly { readonly provider: string; readonly subject: string }[];
  readonly lastSignInAt: Date | null;
}

/** All users, by handle. `url` connects as the migrator. */
export function listUsers(url: string): Promise<User[]> {
  return asMaintenance(url, async (client) => {
    const { rows } = await client.query<User>(
      `select u.id, u.handle,
         coalesce((select json_agg(json_build_object('tenant', t.slug, 'role', m.role) order by t.slug)
           from registry.members m join registry.tenants t on t.id = m.tenant_id where m.user_id = u.id), '[]') as memberships,
         coalesce((select json_agg(json_build_object('provider', i.provider, 'subject', i.subject) order by i.provider, i.subject)
           from registry.identities i where i.user_id = u.id), '[]') as identities,
         (select max(i.last_sign_in_at) from registry.identities i where i.user_id = u.id) as "lastSignInAt"
       from registry.users u order by u.handle`,
    );
    return rows;
  });
}

/**
 * Ends every token and every session of a user, by handle or id. Throws `UserError` when there is no such user.
 * Returns the user.
 */
export async function revokeUser(url: string, name: string): Promise<User> {
  const users = await listUsers(url);
  const user = users.find(({ handle, id }) => handle === name || id === name);
  if (!user) {
    const guess = nearest(
      name,
      users.map(({ handle }) => handle),
    );
    throw new UserError(
      `Unknown user "${name}".${guess ? ` Did you mean "${guess}"?` : ''}\nAll users: npm run users -- list`,
    );
  }
  await asMaintenance(url, (client) => client.query('select tenancy.revoke_user($1)', [user.id]));
  return user;
}
