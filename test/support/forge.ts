import { createHmac } from 'node:crypto';

/** What a test needs to issue tokens as the platform does, and as an attacker would. */
export interface Issuer {
  readonly key: string;
  readonly issuer: string;
  readonly audience: string;
}

export interface Subject {
  readonly tenantId: string;
  readonly userId: string;
  readonly role: string;
}

export const claimsNamespace = 'https://hasura.io/jwt/claims';

/** The payload of a token that the platform would issue. */
export function payload(
  { issuer, audience }: Issuer,
  { tenantId, userId, role }: Subject,
): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: userId,
    role: 'strata_tenant',
    iat: now,
    exp: now + 900,
    [claimsNamespace]: {
      'x-hasura-user-id': userId,
      'x-hasura-tenant-id': tenantId,
      'x-hasura-role': role,
      'x-hasura-default-role': role,
      'x-hasura-allowed-roles': [role],
    },
  };
}

/** Any header, any payload, signed with any key (or with none): made by hand, so that bad tokens can be made too. */
export function forge(
  header: Record<string, unknown>,
  body: unknown,
  key: string | undefined,
): string {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ typ: 'JWT', ...header })}.${encode(body)}`;
  const hash = header.alg === 'HS512' ? 'sha512' : 'sha256';
  const signature =
    key === undefined ? '' : createHmac(hash, key).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

/** A good token. */
export function token(issuer: Issuer, subject: Subject): string {
  return forge({ alg: 'HS256' }, payload(issuer, subject), issuer.key);
}
