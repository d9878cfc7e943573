import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { claimsName } from '../../tokens';

const uuid = z.uuid();

/** By which names a token can be revoked: its own, its sign-in's, its person's and its user's. */
export function revocableNames(payload: JWTPayload): string[] {
  const inside = payload[claimsName] as Readonly<Record<string, unknown>> | undefined;
  const token = payload.jti === undefined ? undefined : revocableName(payload.jti);
  return [token, payload.session_id, payload.sub, inside?.['x-hasura-user-id']].flatMap((name) =>
    uuid.safeParse(name).success ? [String(name).toLowerCase()] : [],
  );
}

/** The id of a token as the registry keeps it: a UUID, or one made of what is none. */
export function revocableName(id: string): string {
  if (uuid.safeParse(id).success) return id.toLowerCase();
  const hash = createHash('sha256').update(id).digest('hex');
  // Version 8 is for ids of one's own making (RFC 9562); without it this would be no UUID.
  return hash.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-8$3-8$4-');
}

/** When a token was issued, in seconds since 1970; one that does not say it is older than everything. */
export function issuedAt({ iat }: JWTPayload): number {
  return iat ?? 0;
}
