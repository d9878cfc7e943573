import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import type { Actor } from './database';

export type LinkMethod = 'GET' | 'PUT';

/** What a signed link allows: one method on one file, as whoever asked for it. */
export interface Link {
  readonly method: LinkMethod;
  readonly fileId: string;
  readonly actor: Required<Actor>;
  readonly inline: boolean;
}

const payloadSchema = z.object({
  sub: z.uuid(),
  tenant: z.uuid(),
  user: z.uuid(),
  role: z.enum(['tenant_admin', 'tenant_member']),
  inline: z.boolean(),
});

const issuer = 'strata-storage';

/** The text that stands in a link's query, valid for `seconds`. */
export function signLink(key: Uint8Array, link: Link, seconds: number): Promise<string> {
  const { tenantId, userId, role } = link.actor;
  return new SignJWT({ tenant: tenantId, user: userId, role, inline: link.inline })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(link.method)
    .setSubject(link.fileId)
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(key);
}

/** Throws a `Refusal` unless the link was signed here for this method and this file and has not expired. */
export async function verifyLink(
  key: Uint8Array,
  token: string,
  method: LinkMethod,
  fileId: string,
): Promise<Link> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer,
      audience: method,
      subject: fileId,
      requiredClaims: ['exp'],
    });
    const { sub, tenant, user, role, inline } = payloadSchema.parse(payload);
    return { method, fileId: sub, actor: { tenantId: tenant, userId: user, role }, inline };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new Refusal(403, 'link_expired', 'this link has expired: ask for another one');
    }
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) {
      throw new Refusal(403, 'link_invalid', 'this link is not valid for this file');
    }
    throw error;
  }
}
