import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../sql/support/world';
import { check, refusalOf } from '../support/guard/ask';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';

const title = noRedis
  ? `limits of tenants in the registry (skipped: ${noRedis})`
  : 'limits of tenants in the registry';

const atOnce = { timeout: 5_000, interval: 20 };

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;

  beforeAll(async () => {
    world = await GuardWorld.start();
  });
  afterAll(() => world.stop());

  test('come before those of the config, at once, and hold for that tenant alone', async () => {
    const guard = await world.guard({ limits: { tenant: { perMinute: 50, burst: 1000 } } });
    const [limited, other] = [await world.newcomer('limited'), await world.newcomer('other')];
    const ask = async (person: Person): Promise<string> =>
      refusalOf(await check(guard.port, world.bearer(person)));
    const allowed = async (person: Person): Promise<unknown> =>
      (await check(guard.port, world.bearer(person))).headers['ratelimit-limit'];
    const limit = (perMinute: number | null): Promise<unknown> =>
      world.admin.query('update registry.tenants set requests_per_minute = $2 where id = $1', [
        limited.tenant,
        perMinute,
      ]);

    expect(await allowed(limited)).toBe('50');
    await limit(3);
    await expect.poll(() => allowed(limited), atOnce).toBe('3');
    await expect.poll(() => ask(limited), atOnce).toBe('429 rate_limited');
    expect([await ask(other), await allowed(other)]).toEqual(['204 ', '50']);
    await limit(1000);
    await expect.poll(() => ask(limited), atOnce).toBe('204 ');
    expect(await allowed(limited)).toBe('1000');
    await limit(null);
    await expect.poll(() => allowed(limited), atOnce).toBe('50');
  });
});
