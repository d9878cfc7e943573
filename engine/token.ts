import { SignJWT } from 'jose';
import { claimsName, databaseRole } from '../components/services/tokens';

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

/** How tokens are signed: the stack's output `jwt`. */
export interface Signing {
  readonly algorithm: 'HS256';
  readonly key: string;
  readonly issuer: string;
  readonly audience: string;
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

/** A signed access token that ends after `minutes`. */
export function sign(identity: Identity, signing: Signing, minutes: number): Promise<string> {
  return new SignJWT(claimsFor(identity))
    .setProtectedHeader({ alg: signing.algorithm, typ: 'JWT' })
    .setIssuer(signing.issuer)
    .setAudience(signing.audience)
    .setIssuedAt()
    .setExpirationTime(`${String(minutes)}m`)
    .sign(new TextEncoder().encode(signing.key));
}

/** True when someone whose role is `own` may act as `wanted`. */
export function mayActAs(own: Role, wanted: Role): boolean {
  return roles.indexOf(wanted) <= roles.indexOf(own);
}
