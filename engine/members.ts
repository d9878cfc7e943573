import { asMaintenance } from '../provider/database/connect';
import { UserError } from './errors';
import { nearest } from './nearest';
import type { Identity, Role } from '../components/services/images/shared/claims';
import { mayActAs } from './token';

/** A membership as the registry has it. */
export interface Membership extends Identity {
  /** Slug of the tenant. */
  readonly tenant: string;
  /** Handle of the user. */
  readonly user: string;
}

/** All memberships of a deployed stack, by tenant and user. `url` connects as the migrator. */
export function readMembers(url: string): Promise<Membership[]> {
  return asMaintenance(url, async (client) => {
    const { rows } = await client.query<Membership>(
      `select t.slug as tenant, u.handle as user, t.id as "tenantId", u.id as "userId", m.role
       from registry.members m
       join registry.tenants t on t.id = m.tenant_id
       join registry.users u on u.id = m.user_id
       where t.status = 'active'
       order by t.slug, u.handle`,
    );
    return rows;
  });
}

/** Whom a token is asked for. */
export interface Wanted {
  readonly tenant: string;
  readonly user: string;
  /** The member's own role when absent. */
  readonly role?: Role;
}

/**
 * The membership that a token may be made for.
 * Throws `UserError` that names what exists when the tenant, the user in it, or the role is not there.
 */
export function chooseMember(members: readonly Membership[], wanted: Wanted): Membership {
  const ofTenant = members.filter((member) => member.tenant === wanted.tenant);
  if (ofTenant.length === 0) {
    const tenants = [...new Set(members.map((member) => member.tenant))];
    throw new UserError(unknown('tenant', wanted.tenant, tenants, 'Active tenants with members'));
  }
  const member = ofTenant.find((one) => one.user === wanted.user);
  if (!member) {
    const users = ofTenant.map((one) => one.user);
    throw new UserError(unknown('user', wanted.user, users, `Members of ${wanted.tenant}`));
  }
  const role = wanted.role ?? member.role;
  if (!mayActAs(member.role, role)) {
    throw new UserError(
      `${member.user} is ${member.role} of ${member.tenant} and cannot get a token as ${role}: ` +
        'a token carries the own role or a lower one.',
    );
  }
  return { ...member, role };
}

function unknown(what: string, given: string, known: readonly string[], heading: string): string {
  const guess = nearest(given, known);
  return (
    `Unknown ${what} "${given}".${guess ? ` Did you mean "${guess}"?` : ''}\n` +
    `${heading}: ${known.join(', ') || 'none'}`
  );
}
