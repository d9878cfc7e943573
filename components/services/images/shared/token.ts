import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { z } from 'zod';
import { anonKeyClaims, claimsName } from '../../tokens';
import { claimsOf } from './claims';

/** Ours have about 600 characters. What is longer is not even decoded. */
export const longestToken = 4096;

const claims = z.object({
  'x-hasura-tenant-id': z.uuid(),
  'x-hasura-user-id': z.uuid(),
  'x-hasura-role': z.enum(['tenant_admin', 'tenant_member']),
  'x-hasura-scopes': z.string().max(512).optional(),
});

/** Whose request a token makes. */
export interface Session {
  /** UUID. */
  readonly tenantId: string;
  /** UUID. */
  readonly userId: string;
  readonly role: 'tenant_admin' | 'tenant_member';
  /** What an API key opens; undefined for a person, who may do everything that the role may. */
  readonly scopes: readonly string[] | undefined;
}

export interface TokenRules {
  readonly key: Uint8Array | KeyObject;
  readonly issuer: string;
  readonly audience: string;
}

/** A request without an access token that counts; its message may be shown to the caller. */
export class TokenError extends Error {
  constructor(
    readonly code: 'token_missing' | 'token_expired' | 'token_invalid' | 'token_without_tenant',
    message: string,
  ) {
    super(message);
  }
}

/**
 * The verified payload of `Authorization: Bearer …`: signed by the one algorithm with the one key, by our issuer for our
 * audience, with an end that has not come, for a tenant, a user and a role. Headers of the token that name keys or
 * algorithms are not followed. Throws `TokenError`, which says what is wrong with the token and never what it holds.
 */
export async function verifyToken(
  authorization: string | undefined,
  rules: TokenRules,
): Promise<JWTPayload> {
  const payload = await verifyPerson(authorization, rules);
  sessionOf(payload);
  return payload;
}

/** The same of a token that may name no tenant: of somebody who is signed in and is nowhere yet. */
export async function verifyPerson(
  authorization: string | undefined,
  rules: TokenRules,
): Promise<JWTPayload> {
  const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization ?? '') ?? [];
  if (!token) {
    throw new TokenError(
      'token_missing',
      'an access token is required: send the header "Authorization: Bearer <token>"',
    );
  }
  return verify(token, rules);
}

/** Whether a text is the platform's anon key. */
export async function isAnonKey(text: string, { key, issuer }: TokenRules): Promise<boolean> {
  try {
    if (text.length > longestToken) return false;
    const { payload } = await jwtVerify(text, key, {
      algorithms: ['HS256'],
      issuer,
      audience: anonKeyClaims.aud,
      requiredClaims: ['exp'],
    });
    return payload.role === anonKeyClaims.role;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/** Whose session a verified payload names. Throws `TokenError` when it names none. */
export function sessionOf(payload: JWTPayload): Session {
  const { success, data } = claims.safeParse(payload[claimsName]);
  if (!success) {
    throw new TokenError(
      'token_without_tenant',
      'the access token names no tenant, user and role: sign in to a tenant first',
    );
  }
  return {
    tenantId: data['x-hasura-tenant-id'].toLowerCase(),
    userId: data['x-hasura-user-id'].toLowerCase(),
    role: data['x-hasura-role'],
    scopes: data['x-hasura-scopes']?.split(' ').filter((scope) => scope !== ''),
  };
}

/**
 * What Postgres is told of a session, as JSON for `request.jwt.claims`: only what its policies ask for, because they read
 * it several times in each statement.
 */
export function databaseClaims({
  tenantId,
  userId,
  role,
  scopes,
}: Pick<Session, 'tenantId' | 'role'> & Partial<Session>): string {
  return JSON.stringify({
    [claimsName]: {
      'x-hasura-tenant-id': tenantId,
      'x-hasura-user-id': userId,
      'x-hasura-role': role,
      'x-hasura-scopes': scopes?.join(' '),
    },
  });
}

/** A token for a session that ends at `endsAt` (milliseconds since 1970), as the platform's other tokens are. */
export function signToken(session: Session, endsAt: number, rules: TokenRules): Promise<string> {
  return new SignJWT(claimsOf(session))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(rules.issuer)
    .setAudience(rules.audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(endsAt / 1000))
    .sign(rules.key);
}

async function verify(token: string, rules: TokenRules): Promise<JWTPayload> {
  try {
    if (token.length > longestToken) throw new errors.JWTInvalid('too long');
    const { payload } = await jwtVerify(token, rules.key, {
      algorithms: ['HS256'],
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: ['sub', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new TokenError(
        'token_expired',
        'the access token has expired: refresh it or sign in again',
      );
    }
    if (error instanceof errors.JOSEError) {
      throw new TokenError(
        'token_invalid',
        'the access token is not valid here: it was not issued by this platform',
      );
    }
    throw error;
  }
}
