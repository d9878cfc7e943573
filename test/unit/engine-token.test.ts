import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { chooseMember, type Membership } from '../../engine/members';
import { claimsName } from '../../components/services/tokens';
import { claimsFor } from '../../components/services/images/shared/claims';
import { sign } from '../../engine/token';

const tenantId = '0195f3a0-0000-7000-8000-000000000001';
const userId = '0195f3a0-0000-7000-8000-000000000002';

describe('an access token', () => {
  const signing = {
    algorithm: 'HS256',
    key: 'k'.repeat(40),
    issuer: 'strata',
    audience: 'strata',
  } as const;

  test('carries one tenant, one user and one role inside the claim, and the role in Postgres', () => {
    expect(claimsFor({ tenantId, userId, role: 'member' })).toEqual({
      sub: userId,
      role: 'strata_tenant',
      [claimsName]: {
        'x-hasura-user-id': userId,
        'x-hasura-tenant-id': tenantId,
        'x-hasura-default-role': 'tenant_member',
        'x-hasura-allowed-roles': ['tenant_member'],
        'x-hasura-role': 'tenant_member',
      },
    });
  });

  test('never names the role that is Hasura’s own superuser', () => {
    expect(JSON.stringify(claimsFor({ tenantId, userId, role: 'admin' }))).not.toContain('"admin"');
  });

  test('is signed with the stack’s key, issuer and audience, and ends after its minutes', async () => {
    const token = await sign({ tenantId, userId, role: 'admin' }, signing, 15);
    const { payload } = await jwtVerify(token, new TextEncoder().encode(signing.key), {
      algorithms: ['HS256'],
      issuer: 'strata',
      audience: 'strata',
    });

    expect(decodeProtectedHeader(token).alg).toBe('HS256');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(15 * 60);
    expect(Object.keys(payload).sort()).toEqual([
      'aud',
      'exp',
      claimsName,
      'iat',
      'iss',
      'role',
      'sub',
    ]);
  });
});

describe('whom a token is made for', () => {
  const members: Membership[] = [
    { tenant: 'acme', user: 'ann', role: 'admin', tenantId, userId },
    { tenant: 'acme', user: 'bob', role: 'member', tenantId, userId },
    { tenant: 'globex', user: 'cid', role: 'member', tenantId, userId },
  ];

  test('a member gets the own role, an admin a lower one when asked', () => {
    expect(chooseMember(members, { tenant: 'acme', user: 'ann' }).role).toBe('admin');
    expect(chooseMember(members, { tenant: 'acme', user: 'ann', role: 'member' }).role).toBe(
      'member',
    );
  });

  test('a member does not get a higher one', () => {
    expect(() => chooseMember(members, { tenant: 'acme', user: 'bob', role: 'admin' })).toThrow(
      'bob is member of acme and cannot get a token as admin',
    );
  });

  test('an unknown tenant or user is answered with what exists and the nearest match', () => {
    expect(() => chooseMember(members, { tenant: 'acne', user: 'ann' })).toThrow(
      'Unknown tenant "acne". Did you mean "acme"?\nActive tenants with members: acme, globex',
    );
    expect(() => chooseMember(members, { tenant: 'acme', user: 'anna' })).toThrow(
      'Unknown user "anna". Did you mean "ann"?\nMembers of acme: ann, bob',
    );
  });

  test('a member of another tenant is unknown in this one', () => {
    expect(() => chooseMember(members, { tenant: 'globex', user: 'ann' })).toThrow(
      'Unknown user "ann".\nMembers of globex: cid',
    );
  });
});
