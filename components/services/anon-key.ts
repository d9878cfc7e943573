import { createHmac } from 'node:crypto';
import { anonKeyClaims } from './tokens';

/**
 * The key that clients of Supabase send while nobody is signed in: public, the same for everybody, and of no tenant. It
 * says that a request comes from a client of this platform and opens what is there before a sign-in, nothing else.
 * Always the same text for the same `key`, which signs access tokens too.
 */
export function anonKey(key: string): string {
  const signed = [{ alg: 'HS256', typ: 'JWT' }, anonKeyClaims].map(encoded).join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
