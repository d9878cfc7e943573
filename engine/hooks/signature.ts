import { createHmac, timingSafeEqual } from 'node:crypto';

/*
 * Standard Webhooks: `webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature`, a list of `v1,<base64>`
 * with spaces between, each the HMAC-SHA256 of `<id>.<timestamp>.<body>` by a key of 24 to 64 bytes that is written as
 * `whsec_<base64>` (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, 2026-11-22).
 */

const toleranceSeconds = 5 * 60;

export interface Signed {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** The key of a secret `whsec_<base64>`; undefined when it is none. */
export function signingKey(secret: string): Buffer | undefined {
  const text = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim())?.[1];
  if (text === undefined) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

/** What a person has to do who has no such secret yet. */
export const keyAdvice =
  'allowed is whsec_ and 24 to 64 random bytes in base64; make one: echo "whsec_$(openssl rand -base64 32)"';

/** The three headers of a message, at `now` in milliseconds. */
export function sign(key: Buffer, id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac(key, id, timestamp, body).toString('base64')}`,
  };
}

/**
 * Why a message is not to be believed; undefined when it is. `since`, in milliseconds, is when the memory of ids began:
 * what was signed before may have been used before.
 */
export function distrust(
  key: Buffer,
  { id, timestamp, signature }: Signed,
  body: Buffer,
  { now, since }: { readonly now: number; readonly since: number },
): string | undefined {
  // A dot in the id would let its end stand for a timestamp of the sender's choice.
  if (!/^[\w-]{1,200}$/.test(id))
    return 'webhook-id is missing or is not of letters, digits, - and _';
  if (!/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp is missing or no number of seconds';
  const expected = mac(key, id, timestamp, body);
  const fits = signature.split(' ', 10).some((one) => {
    const given = Buffer.from(one.startsWith('v1,') ? one.slice(3) : '', 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!fits) return 'the signature does not fit';
  const seconds = Number(timestamp);
  if (Math.abs(now / 1000 - seconds) > toleranceSeconds)
    return 'it was signed more than 5 minutes before or after now';
  if (seconds < Math.floor(since / 1000)) return 'it was signed before this program began';
  return undefined;
}

/** How long an id has to be remembered, in milliseconds: longer than its signature is good for. */
export const rememberMs = 2 * toleranceSeconds * 1000;

function mac(key: Buffer, id: string, timestamp: string, body: string | Buffer): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
