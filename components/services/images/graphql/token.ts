import { errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';

/** Claims that reach Postgres: whose request this is. */
const claimsNamespace = 'https://hasura.io/jwt/claims';

const session = z.object({
  'x-hasura-tenant-id': z.uuid(),
  'x-hasura-user-id': z.uuid(),
  'x-hasura-role': z.enum(['tenant_admin', 'tenant_member']),
});

export interface TokenRules {
  readonly key: Uint8Array;
  readonly issuer: string;
  readonly audience: string;
}

/** A request without an access token that counts; its message may be shown to the caller. */
export class TokenError extends Error {}

/**
 * The verified payload of `Authorization: Bearer …`.
 * Throws `TokenError`, which says what is wrong with the token and never what it holds.
 */
export async function verifyToken(
  authorization: string | undefined,
  rules: TokenRules,
): Promise<JWTPayload> {
  const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization ?? '') ?? [];
  if (!token) {
    throw new TokenError(
      'an access token is required: send the header "Authorization: Bearer <token>"',
    );
  }
  const payload = await verify(token, rules);
  if (!session.safeParse(payload[claimsNamespace]).success) {
    throw new TokenError(
      'the access token names no tenant, user and role: sign in to a tenant first',
    );
  }
  return payload;
}

async function verify(token: string, rules: TokenRules): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, rules.key, {
      algorithms: ['HS256'],
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: ['sub', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new TokenError('the access token has expired: refresh it or sign in again');
    }
    if (error instanceof errors.JOSEError) {
      throw new TokenError(
        'the access token is not valid here: it was not issued by this platform',
      );
    }
    throw error;
  }
}
