import { claimsName, databaseRole } from '../../tokens';

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

/** The claims of one active tenant, user and role; the rest of a token is its signature's and its clock's. */
export function claimsFor({ userId, tenantId, role: memberRole }: Identity): {
  sub: string;
  role: string;
  [claimsName]: Record<string, string | string[]>;
} {
  // A bare "admin" would be Hasura's superuser, whom no permission of any tenant holds.
  const role = `tenant_${memberRole}`;
  return {
    sub: userId,
    role: databaseRole,
    [claimsName]: {
      'x-hasura-user-id': userId,
      'x-hasura-tenant-id': tenantId,
      'x-hasura-default-role': role,
      'x-hasura-allowed-roles': [role],
      'x-hasura-role': role,
    },
  };
}
