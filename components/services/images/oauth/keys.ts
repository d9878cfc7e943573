import { createECDH, hkdfSync } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** The order of the group of P-256 (NIST SP 800-186, 3.2.1.3). */
const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

/**
 * The private key that signs ID tokens, made from the platform's secret: every replica has the same one, and none is
 * stored. `secret` is 64 hex digits; throws when it is not.
 *
 * 48 bytes are reduced to a scalar (FIPS 186-5, A.2.1): with 16 more than the order has, no scalar is likelier than
 * another by more than 2^-128.
 */
export async function signingKey(secret: string): Promise<JWK> {
  const bytes = derived(secret, 'strata oauth id-token p-256', 48);
  const scalar = (BigInt(`0x${bytes.toString('hex')}`) % (order - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(d);
  // 04, then x and y.
  const point = curve.getPublicKey();
  const key: JWK = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: d.toString('base64url'),
  };
  return { ...key, kid: await calculateJwkThumbprint(key), alg: 'ES256', use: 'sig' };
}

/** What cookies are signed with. */
export function cookieKey(secret: string): string {
  return derived(secret, 'strata oauth cookies', 32).toString('base64url');
}

/** The user that a client is when it acts for itself: a UUID of version 8 that only this platform's secret gives. */
export function machineUser(secret: string, clientId: string): string {
  const bytes = derived(secret, `strata oauth client ${clientId}`, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function derived(secret: string, purpose: string, length: number): Buffer {
  if (!/^[0-9a-f]{64}$/.test(secret)) throw new Error('OAUTH_KEY is not 64 hex digits');
  return Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'hex'), '', purpose, length));
}
