import { createHash } from 'node:crypto';

/** An API key as a caller sends it, taken apart. sql/007_api_keys.sql says what it is made of. */
export interface SentKey {
  /** UUID. */
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly hash: Buffer;
}

/** Undefined when the text is no key: another form, or a check that does not fit what stands before it. */
export function parseKey(text: string): SentKey | undefined {
  const [, body, id, secret, check] =
    /^(strata_([0-9a-f]{32})_([0-9a-f]{64}))([0-9a-f]{8})$/.exec(text) ?? [];
  if (body === undefined || id === undefined || secret === undefined) return undefined;
  if (checkOf(body) !== check) return undefined;
  return {
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    hash: hashOf(Buffer.from(secret, 'hex')),
  };
}

/** Whether a text is meant as a key of the platform, good or not. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith('strata_');
}

/** The text of a key: `id` is a UUID, `secret` 32 random bytes. */
export function keyText(id: string, secret: Buffer): string {
  const body = `strata_${id.replaceAll('-', '')}_${secret.toString('hex')}`;
  return body + checkOf(body);
}

/** What is kept of a secret. */
export function hashOf(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Not a secret: anybody can compute it. It tells a typing error, and lets scanners of source code know a key. */
function checkOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 8);
}
