import { readFileSync } from 'node:fs';
import process from 'node:process';
import { TextEncoder } from 'node:util';

const namespace = 'https://hasura.io/jwt/claims';

/** A request that is refused; the caller is shown the message. */
export class NotAllowed extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Who calls: tenant, user and role ("admin" or "member") of a verified access token.
 *
 * The gateway has verified it already and says the same in X-Strata-Tenant, X-Strata-User and X-Strata-Role. What must
 * not depend on the gateway alone verifies it again: whoever is inside the network could send those headers.
 */
export async function callerOf(authorization) {
  if (process.env.JWT_KEY_FILE === undefined) {
    throw new NotAllowed(501, 'no_key', 'Set "verifiesTokens: true" for this service.');
  }
  const { jwtVerify } = await import('jose');
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  try {
    const key = new TextEncoder().encode(readFileSync(process.env.JWT_KEY_FILE, 'utf8').trim());
    const { payload } = await jwtVerify(token ?? '', key, {
      algorithms: ['HS256'],
      issuer: process.env.JWT_ISSUER,
      audience: process.env.JWT_AUDIENCE,
      requiredClaims: ['exp'],
    });
    return caller(payload[namespace]);
  } catch (error) {
    if (!error.code?.startsWith('ERR_J')) throw error;
    throw new NotAllowed(401, 'unauthenticated', 'A valid access token is required.');
  }
}

function caller(claims) {
  const role = /^tenant_(admin|member)$/.exec(claims?.['x-hasura-role'] ?? '')?.[1];
  if (role === undefined) throw new NotAllowed(403, 'no_tenant', 'The token names no tenant.');
  return { tenant: claims['x-hasura-tenant-id'], user: claims['x-hasura-user-id'], role };
}
