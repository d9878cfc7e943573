import { describe, expect, test } from 'vitest';
import { TokenError, verifyToken } from '../../components/services/images/shared/token';
import {
  claimsNamespace,
  forge,
  payload,
  token,
  type Issuer,
  type Subject,
} from '../support/forge';

const issuer: Issuer = { key: 'k'.repeat(64), issuer: 'strata', audience: 'strata' };
const rules = { ...issuer, key: new TextEncoder().encode(issuer.key) };
const subject: Subject = {
  tenantId: '8a1f2f8e-93c5-4b3a-9d37-0d9b8a1f7c11',
  userId: '1b1f2f8e-93c5-4b3a-9d37-0d9b8a1f7c22',
  role: 'tenant_member',
};
const good = payload(issuer, subject);
const now = Math.floor(Date.now() / 1000);

const refused: [string, string | undefined, RegExp][] = [
  ['no header', undefined, /is required/],
  ['an empty header', '', /is required/],
  ['another scheme', 'Basic YWxhZGRpbg==', /is required/],
  ['no token behind the scheme', 'Bearer ', /is required/],
  ['something that is no token', 'Bearer let-me-in', /is required/],
  ['two tokens', `Bearer ${token(issuer, subject)} ${token(issuer, subject)}`, /is required/],
  [
    'alg none without a signature',
    `Bearer ${forge({ alg: 'none' }, good, undefined)}`,
    /not valid/,
  ],
  ['alg none with a signature', `Bearer ${forge({ alg: 'none' }, good, issuer.key)}`, /not valid/],
  ['another key', `Bearer ${forge({ alg: 'HS256' }, good, 'x'.repeat(64))}`, /not valid/],
  ['an empty key', `Bearer ${forge({ alg: 'HS256' }, good, '')}`, /not valid/],
  [
    'another algorithm with the right key',
    `Bearer ${forge({ alg: 'HS512' }, good, issuer.key)}`,
    /not valid/,
  ],
  [
    'an algorithm of public keys',
    `Bearer ${forge({ alg: 'RS256' }, good, issuer.key)}`,
    /not valid/,
  ],
  [
    'a critical header that nobody knows',
    `Bearer ${forge({ alg: 'HS256', crit: ['x'], x: 1 }, good, issuer.key)}`,
    /not valid/,
  ],
  [
    'a token that has expired',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, exp: now - 1 }, issuer.key)}`,
    /expired/,
  ],
  [
    'a token that never expires',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, exp: undefined }, issuer.key)}`,
    /not valid/,
  ],
  [
    'a token that is not valid yet',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, nbf: now + 900 }, issuer.key)}`,
    /not valid/,
  ],
  [
    'another issuer',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, iss: 'evil' }, issuer.key)}`,
    /not valid/,
  ],
  [
    'another audience',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, aud: 'other' }, issuer.key)}`,
    /not valid/,
  ],
  [
    'no subject',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, sub: undefined }, issuer.key)}`,
    /not valid/,
  ],
  [
    'no claims',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, [claimsNamespace]: undefined }, issuer.key)}`,
    /names no tenant/,
  ],
  [
    'a tenant outside the namespace',
    `Bearer ${forge({ alg: 'HS256' }, { ...good, [claimsNamespace]: {}, tenant_id: subject.tenantId }, issuer.key)}`,
    /names no tenant/,
  ],
  [
    'a list of tenants',
    `Bearer ${forge({ alg: 'HS256' }, withTenant([subject.tenantId]), issuer.key)}`,
    /names no tenant/,
  ],
  [
    "the role of Hasura's own admin",
    `Bearer ${forge({ alg: 'HS256' }, payload(issuer, { ...subject, role: 'admin' }), issuer.key)}`,
    /names no tenant/,
  ],
  [
    'a tenant that is no uuid',
    `Bearer ${forge({ alg: 'HS256' }, withTenant("' or true --"), issuer.key)}`,
    /names no tenant/,
  ],
  [
    'a payload that is no object',
    `Bearer ${forge({ alg: 'HS256' }, 'hello', issuer.key)}`,
    /not valid/,
  ],
];

describe('an access token', () => {
  test('that the platform issued is accepted, with any case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer']) {
      const verified = await verifyToken(`${scheme} ${token(issuer, subject)}`, rules);
      expect(verified[claimsNamespace]).toMatchObject({ 'x-hasura-tenant-id': subject.tenantId });
    }
  });

  test('whose payload was changed after signing is refused', async () => {
    const [header, , signature] = token(issuer, subject).split('.');
    const [, other] = token(issuer, { ...subject, tenantId: subject.userId }).split('.');
    await expect(verifyToken(`Bearer ${header}.${other}.${signature}`, rules)).rejects.toThrow(
      TokenError,
    );
  });

  test.each(refused)('is refused: %s', async (_what, header, reason) => {
    const attempt = verifyToken(header, rules);
    await expect(attempt).rejects.toThrow(TokenError);
    await expect(attempt).rejects.toThrow(reason);
  });
});

function withTenant(tenant: unknown): Record<string, unknown> {
  return {
    ...good,
    [claimsNamespace]: { ...(good[claimsNamespace] as object), 'x-hasura-tenant-id': tenant },
  };
}
