import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Identity } from './database';

/** What lies in Redis for a job: text and what proves that a function of this platform wrote it. */
const sealed = z.object({ payload: z.string(), signature: z.string() });

const contents = z.object({
  queue: z.string(),
  id: z.string(),
  tenantId: z.uuid(),
  userId: z.uuid().optional(),
  role: z.enum(['admin', 'member']),
  scopes: z.array(z.string()).optional(),
  data: z.unknown().optional(),
});

export type SealedJob = z.output<typeof sealed>;

/** A job was not written by a function of this platform, or was changed or moved since. */
export class ForgedJobError extends Error {}

const mostBytes = 65_536;

/**
 * What seals jobs, derived from the key of access tokens: whoever can sign tokens can act for every tenant anyway, and
 * whoever can write to Redis (a guard, a storage service, another user's program) cannot.
 */
export function jobKey(jwtKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', jwtKey, '', 'strata queue jobs', 32));
}

/** A job for `queue` that acts for `identity`. Throws when its data is no JSON or more than 64 kB of it. */
export function sealJob(
  key: Buffer,
  queue: string,
  { tenantId, userId, role, scopes }: Identity,
  data: unknown,
): { readonly id: string; readonly job: SealedJob } {
  const id = randomUUID();
  const payload = JSON.stringify({ queue, id, tenantId, userId, role, scopes, data });
  if (Buffer.byteLength(payload) > mostBytes) {
    throw new Error(
      `a job for the queue ${queue} has more than ${String(mostBytes)} bytes: put what is big elsewhere and send its name`,
    );
  }
  return { id, job: { payload, signature: signature(key, payload) } };
}

/** What was sealed for this queue under this id. Throws `ForgedJobError` for anything else. */
export function openJob(
  key: Buffer,
  queue: string,
  id: string | undefined,
  given: unknown,
): { readonly identity: Identity; readonly data: unknown } {
  const { data: job } = sealed.safeParse(given);
  if (!job || !same(job.signature, signature(key, job.payload))) {
    throw new ForgedJobError('no function of this platform added this job');
  }
  const { tenantId, userId, role, scopes, data, ...sent } = contents.parse(JSON.parse(job.payload));
  if (sent.queue !== queue || sent.id !== id) {
    throw new ForgedJobError('this job was added to another queue or under another id');
  }
  return { identity: { tenantId, userId, role, scopes }, data };
}

function signature(key: Buffer, payload: string): string {
  return createHmac('sha256', key).update(payload).digest('base64url');
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
