import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { claimsName } from '../../tokens';

const uuid = z.uuid();

/** By which names a token can be revoked: its own, its sign-in's, its person's and its user's. */
export function revocableNames(payload: JWTPayload): string[] {
  const inside = payload[claimsName] as Readonly<Record<string, unknown>> | undefined;
  return [payload.jti, payload.session_id, payload.sub, inside?.['x-hasura-user-id']].flatMap(
    (name) => (uuid.safeParse(name).success ? [String(name).toLowerCase()] : []),
  );
}

/** When a token was issued, in seconds since 1970; one that does not say it is older than everything. */
export function issuedAt({ iat }: JWTPayload): number {
  return iat ?? 0;
}
