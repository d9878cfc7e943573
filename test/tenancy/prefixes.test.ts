import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { RateLimits } from '../../components/services/images/guard/limits';
import { Seats } from '../../components/services/images/shared/sockets/seats';
import { prefixes } from '../../components/tenancy/prefixes';
import { noRedis, RedisServer } from '../support/guard/redis';

const acme = '0a000000-0000-4000-8000-000000000001';
const globex = '0b000000-0000-4000-8000-000000000001';

const title = `the prefixes of a tenant find every key that the guard keeps for it, and none of another's`;

test.skipIf(noRedis)(noRedis ? `${title} (skipped: ${noRedis})` : title, async () => {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  try {
    await redis.ping();
    const rate = { perMinute: 100, burst: 100 };
    const limits = new RateLimits(redis, {
      user: rate,
      tenant: rate,
      costPerMinute: 100,
      failuresPerMinute: 100,
      tenants: {},
    });
    const seats = new Seats(redis, 'guard', { perUser: 1, perTenant: 1, pingSeconds: 30 });
    for (const [tenantId, slug] of [
      [acme, 'acme'],
      [globex, 'globex'],
    ] as const) {
      const counted = {
        caller: `caller-of-${slug}`,
        tenantId,
        slug,
        requestsPerMinute: undefined,
      };
      await limits.take(counted);
      await limits.spend(counted, 1);
      await seats.take(counted);
    }
    const keys = await server.admin((all) => all.keys('*'));
    const found = keys.filter((key) =>
      prefixes(acme).redis.some((name) =>
        name.endsWith(':') ? key.startsWith(name) : key === name,
      ),
    );
    expect(found.sort()).toEqual(keys.filter((key) => key.includes(acme)).sort());
    expect(found).toHaveLength(7);
    expect(keys).toHaveLength(14);
  } finally {
    redis.disconnect();
    await server.stop();
  }
});
