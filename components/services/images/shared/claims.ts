import { claimsName, databaseRole } from '../../tokens';
import type { Session } from './token';

/** Roles that a member can have in a tenant, the lowest first. */
export const roles = ['member', 'admin'] as const;

export type Role = (typeof roles)[number];

/** Whose request a token makes. */
export interface Identity {
  /** UUID. */
  readonly userId: string;
  /** UUID. */
  readonly tenantId: string;
  readonly role: Role;
}

/** What a token says of its holder; the rest of it is its signature's and its clock's. */
export interface TokenClaims extends Record<string, unknown> {
  readonly sub: string;
  readonly role: typeof databaseRole;
  readonly [claimsName]: Readonly<Record<string, string | string[]>>;
}

/** The claims of one active tenant, user and role. A token without `scopes` opens what its role does. */
export function claimsFor({ role, ...whose }: Identity, scopes?: readonly string[]): TokenClaims {
  // A bare "admin" would be Hasura's superuser, whom no permission of any tenant holds.
  return claimsOf({ ...whose, role: `tenant_${role}`, scopes });
}

/** The same of a session, whose role is a token's already. */
export function claimsOf({ userId, tenantId, role, scopes }: Session): TokenClaims {
  return {
    sub: userId,
    role: databaseRole,
    [claimsName]: {
      'x-hasura-user-id': userId,
      'x-hasura-tenant-id': tenantId,
      'x-hasura-default-role': role,
      'x-hasura-allowed-roles': [role],
      'x-hasura-role': role,
      ...(scopes && { 'x-hasura-scopes': scopes.join(' ') }),
    },
  };
}
