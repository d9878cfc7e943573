import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  pooledDatabase,
  poolsOf,
  renderPools,
  renderUsers,
  type PooledShard,
  type PooledTenant,
} from '../../components/services/database/pooler-tenants';
import { tenantPassword } from '../../components/tenancy/login';
import { tenantVerifier } from '../../components/tenancy/verifier';
import { scramVerifier } from '../../provider/database/scram';

const limits = { main: { host: 'database', port: 5432 }, connections: 10, capacity: 50 };
const main: PooledShard = { name: 'main', host: null, port: null };
const east: PooledShard = { name: 'east-1', host: '10.0.0.2', port: 5433 };

function tenant(number: number, given: Partial<PooledTenant> = {}): PooledTenant {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return { id, shard: 'main', generation: 1, maxConnections: null, ...given };
}

const one = '00000000000040008000000000000001';
const two = '00000000000040008000000000000002';

describe('what the pooler serves of tenants', () => {
  test('is rendered like this', () => {
    const tenants = [tenant(1), tenant(2, { shard: 'east-1', maxConnections: 4 })];
    const pools = poolsOf({ tenants, shards: [east, main] }, limits);
    expect([pools.problems, renderPools(pools, '/x/users-1.txt').split('\n')]).toEqual([
      [],
      [
        '; Written by the program pooler-registry from the registry of tenants.',
        'auth_file = /x/users-1.txt',
        '[users]',
        `strata_t_${two} = max_user_connections=4`,
        `strata_t_${one} = max_user_connections=10`,
        '[databases]',
        'strata_east_1 = host=10.0.0.2 port=5433 dbname=strata',
        `t_${one} = host=database port=5432 dbname=t_${one} pool_size=10`,
        `t_${two} = host=10.0.0.2 port=5433 dbname=t_${two} pool_size=4`,
        '',
      ],
    ]);
    expect(renderUsers('"strata_app" "x"\n', pools.logins, ({ role }) => `of ${role}`)).toBe(
      `"strata_app" "x"\n"strata_t_${two}" "of strata_t_${two}"\n"strata_t_${one}" "of strata_t_${one}"\n`,
    );
  });

  test('is named without what would need quotes, a shard as well', () => {
    expect(['main', 'east', 'east-1'].map(pooledDatabase)).toEqual([
      'strata',
      'strata_east',
      'strata_east_1',
    ]);
  });

  test('is shared out by what each may have when it is too much together, and nobody gets nothing', () => {
    const tenants = [
      tenant(1, { maxConnections: 100 }),
      tenant(2, { maxConnections: 99 }),
      tenant(3, { maxConnections: 1 }),
    ];
    const { logins, problems } = poolsOf({ tenants, shards: [main] }, limits);
    expect([logins.map(({ connections }) => connections), problems]).toEqual([
      [25, 24, 1],
      [
        '3 tenants on shard main want 200 connections and may have 50 together: each gets its part, at least one. ' +
          'Raise strata:database.tenants.most, or give tenants fewer',
      ],
    ]);
  });

  test('never takes more of a cluster than there is for tenants, while there is one for each', () => {
    const sizes = fc.array(fc.option(fc.integer({ min: 1, max: 500 })), { maxLength: 50 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 50, max: 5000 }), (wanted, capacity) => {
        const tenants = wanted.map((maxConnections, index) => tenant(index, { maxConnections }));
        const { logins } = poolsOf({ tenants, shards: [main] }, { ...limits, capacity });
        const total = logins.reduce((sum, { connections }) => sum + connections, 0);
        // The part of a small one is rounded up to one.
        expect(total).toBeLessThanOrEqual(capacity + tenants.length);
        expect(logins.every(({ connections }) => connections >= 1)).toBe(true);
      }),
    );
  });

  test.each([
    ['a second section', '10.0.0.2\n[pgbouncer]\nauth_type = any'],
    ['another parameter', '10.0.0.2 user=postgres'],
    ['a quote', "10.0.0.2' password='x"],
    ['a socket', '/var/run/postgresql'],
    ['a list of hosts', '10.0.0.2,10.0.0.3'],
    ['an include', '%include /etc/passwd'],
    ['nothing', ''],
  ])('is nothing of a shard whose host holds %s', (_what, host) => {
    const shards = [main, { ...east, host }];
    const tenants = [tenant(1), tenant(2, { shard: 'east-1' })];
    const { databases, logins, problems } = poolsOf({ tenants, shards }, limits);
    expect([databases.map(({ name }) => name), logins.length, problems.length]).toEqual([
      [`t_${one}`],
      1,
      1,
    ]);
  });

  test('has one line for each database and login, whatever stands in the registry', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const shard = fc.record({
      name: fc.oneof(text, fc.constant('east')),
      host: fc.option(fc.oneof(text, fc.ipV4(), fc.domain())),
      port: fc.option(fc.integer()),
    });
    fc.assert(
      fc.property(shard, (given) => {
        const tenants = [tenant(1, { shard: given.name }), tenant(2)];
        const pools = poolsOf({ tenants, shards: [main, given] }, limits);
        const lines = renderPools(pools, '/x').split('\n');
        expect(lines.length).toBe(5 + pools.databases.length + pools.logins.length);
        const entry = /^\w+ = host=[\w.:-]+ port=\d+ dbname=\w+( pool_size=\d+)?$/;
        expect(lines.slice(lines.indexOf('[databases]') + 1, -1)).toSatisfy((rest: string[]) =>
          rest.every((line) => entry.test(line)),
        );
      }),
    );
  });
});

describe('the verifier of a tenant', () => {
  const [id, other] = [tenant(1).id, tenant(2).id];
  const saltOf = (verifier: string) => verifier.split(/[:$]/)[2] ?? '';

  test('is the same text wherever it is made, and one of its password', () => {
    const verifier = tenantVerifier('master', id, 1);
    const salt = Buffer.from(saltOf(verifier), 'base64');
    expect([tenantVerifier('master', id, 1), salt.length]).toEqual([verifier, 16]);
    expect(scramVerifier(tenantPassword('master', id, 1), salt)).toBe(verifier);
  });

  test('is another one with another salt for each tenant, generation and master', () => {
    const all = [
      tenantVerifier('master', id, 1),
      tenantVerifier('master', id, 2),
      tenantVerifier('master', other, 1),
      tenantVerifier('another', id, 1),
    ];
    expect(new Set(all.map(saltOf)).size).toBe(4);
  });
});
