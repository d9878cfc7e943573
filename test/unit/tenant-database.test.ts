import { expect, test } from 'vitest';
import { addressOf } from '../../components/services/images/shared/tenant-database/address';
import { retryable } from '../../components/services/images/shared/tenant-database/again';

const own =
  'postgresql://strata_authenticator:secret@pooler:6432/strata?sslmode=verify-full&sslrootcert=%2Fca.pem';

test('another database keeps host, login and TLS of the service’s own, unless it says otherwise', () => {
  const where = { host: null, port: null, database: 't_0' };
  expect([
    addressOf(own, where),
    addressOf(own, { ...where, host: 'far.example', port: 5433, database: 'strata' }),
    addressOf(own, {
      ...where,
      host: '::1',
      port: 5432,
      login: { user: 'me', password: 'a@b/c:d' },
    }),
  ]).toEqual([
    'postgresql://strata_authenticator:secret@pooler:6432/t_0?sslmode=verify-full&sslrootcert=%2Fca.pem',
    'postgresql://strata_authenticator:secret@far.example:5433/strata?sslmode=verify-full&sslrootcert=%2Fca.pem',
    'postgresql://me:a%40b%2Fc%3Ad@[::1]:5432/t_0?sslmode=verify-full&sslrootcert=%2Fca.pem',
  ]);
});

test.each(['', ' ', 'a b', 'evil/..', 'me@elsewhere', 'host:1', 'a#b', 'a?b'])(
  'a host that is none is refused, where a URL would stay with the old one: %j',
  (host) => {
    expect(() => addressOf(own, { host, port: 1, database: 't_0' })).toThrow('no name of a host');
  },
);

test.each([
  ['ST001', 'TENANT_MOVED'],
  ['40001', 'TRY_AGAIN'],
  ['40P01', 'TRY_AGAIN'],
  ['55P03', 'TRY_AGAIN'],
  ['23505', undefined],
  [undefined, undefined],
])('after an error %s of Postgres the caller is told %s', (code, told) => {
  const error = Object.assign(new Error('key (hush)=(hush)'), { code, detail: 'hush' });
  const refusal = retryable(error);
  expect(refusal?.code).toBe(told);
  expect(JSON.stringify([refusal?.message, refusal])).not.toContain('hush');
});
