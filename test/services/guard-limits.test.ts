import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keyText } from '../../components/services/images/guard/key';
import type { Person } from '../sql/support/world';
import { ask, check, refusalOf, send, type Answer } from '../support/guard/ask';
import { healthy } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';

const title = noRedis ? `limits of the guard (skipped: ${noRedis})` : 'limits of the guard';

const plenty = { perMinute: 1_000_000, burst: 100_000 };

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let names = 0;

  beforeAll(async () => {
    world = await GuardWorld.start();
  });
  afterAll(() => world.stop());
  afterEach(async () => {
    world.upstream.reset();
    await world.endGuards();
    await world.redis.admin((redis) => redis.flushall());
  });

  const newcomer = (): Promise<Person> => world.newcomer(`limited-${(names += 1)}`);
  const times = async (count: number, ask_: () => Promise<Answer>): Promise<string[]> => {
    const said: string[] = [];
    for (let i = 0; i < count; i += 1) said.push(refusalOf(await ask_()));
    return said;
  };
  const passed = (count: number): string[] => Array.from({ length: count }, () => '204 ');
  const limited = '429 rate_limited';

  test('a user has so many requests a minute, and is told', async () => {
    const guard = await world.guard({ limits: { user: { perMinute: 3, burst: 100 } } });
    const headers = world.bearer(await newcomer());
    const remaining: unknown[] = [];
    for (let i = 0; i < 3; i += 1) {
      const answer = await check(guard.port, headers);
      remaining.push(answer.headers['ratelimit-remaining']);
      expect(answer.headers['ratelimit-limit']).toBe('3');
    }
    expect(remaining).toEqual(['2', '1', '0']);
    const { status, headers: told } = await check(guard.port, headers);
    expect(status).toBe(403);
    expect(told).toMatchObject({
      'x-strata-status': '429',
      'x-strata-reason': 'rate_limited',
      'ratelimit-limit': '3',
      'ratelimit-remaining': '0',
    });
    const wait = Number(told['retry-after']);
    expect(wait).toBeGreaterThan(50);
    expect(wait).toBeLessThanOrEqual(60);
    expect(told['ratelimit-reset']).toBe(told['retry-after']);
  });

  test('a burst ends within a second, and then goes on', async () => {
    const guard = await world.guard({ limits: { user: { perMinute: 1000, burst: 2 } } });
    const headers = world.bearer(await newcomer());
    const said = await Promise.all(Array.from({ length: 6 }, () => check(guard.port, headers)));
    expect(said.map(refusalOf).sort()).toEqual([...passed(2), limited, limited, limited, limited]);
    expect(said.find(({ status }) => status === 403)?.headers['retry-after']).toBe('1');
    await expect
      .poll(async () => refusalOf(await check(guard.port, headers)), { timeout: 5_000 })
      .toBe('204 ');
  });

  test('two replicas count together', async () => {
    const limits = { user: { perMinute: 10, burst: 100 } };
    const [one, two] = await Promise.all([world.guard({ limits }), world.guard({ limits })]);
    const headers = world.bearer(await newcomer());
    const said = await Promise.all(
      Array.from({ length: 40 }, (_, i) => check((i % 2 ? one : two).port, headers)),
    );
    expect(said.map(refusalOf).sort()).toEqual([
      ...passed(10),
      ...Array.from({ length: 30 }, () => limited),
    ]);
  });

  test('a tenant has its own limit over all its users, and another tenant does not feel it', async () => {
    const guard = await world.guard({ limits: { tenant: { perMinute: 4, burst: 100 } } });
    const { ann, bob, gus } = world.people;
    const asks = [ann, bob, ann, bob, ann, bob].map(
      (who) => () => check(guard.port, world.bearer(who)),
    );
    const said: string[] = [];
    for (const ask_ of asks) said.push(refusalOf(await ask_()));
    expect(said).toEqual([...passed(4), limited, limited]);
    expect(refusalOf(await check(guard.port, world.bearer(gus)))).toBe('204 ');
  });

  test("a user that is over the limit uses up nothing of the tenant's", async () => {
    const limits = { user: { perMinute: 2, burst: 100 }, tenant: { perMinute: 4, burst: 100 } };
    const guard = await world.guard({ limits });
    const { ann, bob } = world.people;
    const flood = await times(20, () => check(guard.port, world.bearer(ann)));
    expect(flood.filter((one) => one === limited)).toHaveLength(18);
    expect(await times(3, () => check(guard.port, world.bearer(bob)))).toEqual([
      ...passed(2),
      limited,
    ]);
  });

  test('a user of two tenants is counted in each', async () => {
    const guard = await world.guard({ limits: { user: { perMinute: 1, burst: 100 } } });
    const { ann, globex } = world.people;
    const elsewhere = { ...ann, tenant: globex.id };
    for (const who of [ann, elsewhere]) {
      expect(await times(2, () => check(guard.port, world.bearer(who)))).toEqual(['204 ', limited]);
    }
  });

  test('an API key is counted by itself, and not with the member that issued it', async () => {
    const guard = await world.guard({ limits: { user: { perMinute: 2, burst: 100 } } });
    const { ann } = world.people;
    const [one, two] = [await world.key(ann), await world.key(ann)];
    for (const headers of [
      { 'x-api-key': one.text },
      { 'x-api-key': two.text },
      world.bearer(ann),
    ]) {
      expect(await times(3, () => check(guard.port, headers))).toEqual([...passed(2), limited]);
    }
  });

  test('a tenant may have another limit than the others', async () => {
    const guard = await world.guard({
      limits: {
        user: { perMinute: 2, burst: 100 },
        tenants: {
          acme: { user: { perMinute: 4, burst: 100 } },
          globex: { tenant: { perMinute: 1, burst: 100 } },
        },
      },
    });
    const { ann, gus } = world.people;
    expect(await times(5, () => check(guard.port, world.bearer(ann)))).toEqual([
      ...passed(4),
      limited,
    ]);
    expect(await times(2, () => check(guard.port, world.bearer(gus)))).toEqual(['204 ', limited]);
    expect(await times(3, async () => check(guard.port, world.bearer(world.people.hal)))).toEqual([
      limited,
      limited,
      limited,
    ]);
  });

  test('trying other tenants costs the limit too', async () => {
    const guard = await world.guard({ limits: { user: { perMinute: 2, burst: 100 } } });
    const headers = { ...world.bearer(await newcomer()), 'x-tenant': 'globex' };
    expect(await times(3, () => check(guard.port, headers))).toEqual([
      '403 wrong_tenant',
      '403 wrong_tenant',
      limited,
    ]);
  });

  test('what queries cost is counted for the tenant', async () => {
    const guard = await world.guard({ limits: { costPerMinute: 25 } });
    const { ann, bob, gus } = world.people;
    const query = { query: '{ a(first: 9) { b } }' };
    const by = (who: Person): Promise<Answer> => send(guard.port, query, world.bearer(who));
    expect([...(await times(1, () => by(ann))), ...(await times(1, () => by(bob)))]).toEqual([
      '200 ',
      '200 ',
    ]);
    const answer = await by(ann);
    expect(refusalOf(answer)).toBe('429 cost_limited');
    expect([answer.status, Number(answer.headers['retry-after']) > 50]).toEqual([429, true]);
    expect(refusalOf(await by(gus))).toBe('200 ');
    expect(world.upstream.received).toHaveLength(3);
  });

  test('an address that sends what is no token or key is let guess no further; what is right passes', async () => {
    const guard = await world.guard({ limits: { failuresPerMinute: 3 } });
    const { ann } = world.people;
    const key = await world.key(ann);
    const bad = { authorization: 'Bearer a.b.c' };
    expect(await times(5, () => check(guard.port, bad))).toEqual([
      '401 token_invalid',
      '401 token_invalid',
      '401 token_invalid',
      '429 too_many_failures',
      '429 too_many_failures',
    ]);
    expect(refusalOf(await check(guard.port, world.bearer(ann)))).toBe('204 ');
    // A bad token guesses no key: whoever shares the address with its sender keeps its own.
    expect(refusalOf(await check(guard.port, { 'x-api-key': key.text }))).toBe('204 ');
    const elsewhere = { 'x-real-ip': '192.0.2.9' };
    expect(refusalOf(await check(guard.port, { ...bad, ...elsewhere }))).toBe('401 token_invalid');
  });

  test('an address that guesses keys guesses no further, and locks out no key that was right once', async () => {
    const guard = await world.guard({ limits: { failuresPerMinute: 3 } });
    const person = await newcomer();
    const [used, unused] = [await world.key(person), await world.key(person)];
    const byKey = async (text: string, headers = {}): Promise<string> =>
      refusalOf(await check(guard.port, { 'x-api-key': text, ...headers }));
    expect(await byKey(used.text)).toBe('204 ');
    const secondOfUsed = (): string => keyText(used.id, randomBytes(32));
    const stranger = (): string => keyText(randomUUID(), randomBytes(32));
    expect(await times(3, () => check(guard.port, { 'x-api-key': stranger() }))).toEqual(
      Array.from({ length: 3 }, () => '401 key_invalid'),
    );
    const shut = '429 too_many_failures';
    expect([await byKey(stranger()), await byKey(secondOfUsed())]).toEqual([shut, shut]);
    // The database is not asked about what was never right; elsewhere it is.
    expect(await byKey(unused.text)).toBe(shut);
    expect(await byKey(unused.text, { 'x-real-ip': '192.0.2.9' })).toBe('204 ');
    // Whatever the guard remembered of the tenant's keys is forgotten with this.
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      person.tenant,
    ]);
    await expect.poll(() => byKey(used.text), { timeout: 5_000 }).toBe('403 tenant_suspended');
    await world.admin.query(`update registry.tenants set status = 'active' where id = $1`, [
      person.tenant,
    ]);
    await expect.poll(() => byKey(used.text), { timeout: 5_000 }).toBe('204 ');
    expect(await byKey(stranger())).toBe(shut);
    // A key that is gone is a guess again.
    await world.admin.query('delete from registry.api_keys where id = $1', [used.id]);
    await expect.poll(() => byKey(used.text), { timeout: 5_000 }).toBe(shut);
  });

  test('addresses of one IPv6 network are one, and what has expired or is missing is no guess', async () => {
    const guard = await world.guard({ limits: { failuresPerMinute: 2 } });
    const from = (end: number) => ({
      'x-real-ip': `2001:db8:1:2::${end}`,
      authorization: 'Bearer a.b.c',
    });
    const said: string[] = [];
    for (let i = 1; i <= 3; i += 1) said.push(refusalOf(await check(guard.port, from(i))));
    expect(said.at(-1)).toBe('429 too_many_failures');
    const expired = world.token(world.people.ann, { exp: 1 });
    const harmless = { 'x-real-ip': '192.0.2.77' };
    expect(
      await times(4, () => check(guard.port, { ...harmless, authorization: `Bearer ${expired}` })),
    ).toEqual(Array.from({ length: 4 }, () => '401 token_expired'));
    expect(await times(4, () => check(guard.port, harmless))).toEqual(
      Array.from({ length: 4 }, () => '401 credentials_missing'),
    );
  });

  test('what is counted is forgotten by itself', async () => {
    const guard = await world.guard();
    const left = await world.redis.admin(async (redis) => {
      await check(guard.port, { authorization: 'Bearer a.b.c' });
      await check(guard.port, { 'x-api-key': 'none' });
      // The last one: bursts are counted for a second.
      await check(guard.port, world.bearer(world.people.ann));
      const keys = await redis.keys('*');
      return Promise.all(
        keys.map(async (key) => [key.split(':', 2).join(':'), await redis.ttl(key)] as const),
      );
    });
    expect(new Set(left.map(([name]) => name))).toEqual(
      new Set([
        'guard:user',
        'guard:user-burst',
        'guard:tenant',
        'guard:tenant-burst',
        'guard:failure',
        'guard:failure-key',
      ]),
    );
    // -1 is for ever, -2 is gone by now.
    for (const [, seconds] of left) expect(seconds).not.toBe(-1);
  });

  test('without Redis nothing passes, and it passes again when Redis is back', async () => {
    const guard = await world.guard({ limits: { user: plenty } });
    const { ann } = world.people;
    const key = await world.key(ann);
    const everything = async (): Promise<string[]> => [
      refusalOf(await check(guard.port, world.bearer(ann))),
      refusalOf(await check(guard.port, { 'x-api-key': key.text })),
      refusalOf(await send(guard.port, { query: '{ a }' }, world.bearer(ann))),
    ];
    expect(await everything()).toEqual(['204 ', '204 ', '200 ']);
    world.upstream.reset();
    await world.redis.kill();
    const away = '503 limits_unavailable';
    for (let i = 0; i < 3; i += 1) expect(await everything()).toEqual([away, away, away]);
    expect(refusalOf(await check(guard.port, { authorization: 'Bearer a.b.c' }))).toBe(away);
    expect((await ask(guard.port, '/healthz')).status).toBe(503);
    expect(world.upstream.received).toEqual([]);
    await world.redis.start();
    await healthy(guard);
    expect(await everything()).toEqual(['204 ', '204 ', '200 ']);
  });

  test('a Redis that hangs, is full or refuses the command is as good as none, within about a second', async () => {
    const guard = await world.guard();
    const headers = world.bearer(world.people.ann);
    const timed = async (): Promise<[string, boolean]> => {
      const started = performance.now();
      const said = refusalOf(await check(guard.port, headers));
      return [said, performance.now() - started < 3_000];
    };
    const closed = ['503 limits_unavailable', true];
    world.redis.signal('SIGSTOP');
    expect(await timed()).toEqual(closed);
    world.redis.signal('SIGCONT');
    await healthy(guard);
    await world.redis.admin((redis) => redis.config('SET', 'maxmemory', '1'));
    expect(await timed()).toEqual(closed);
    await world.redis.admin((redis) => redis.config('SET', 'maxmemory', '64mb'));
    await world.redis.admin((redis) => redis.call('ACL', 'SETUSER', 'guard', '-evalsha', '-eval'));
    expect(await timed()).toEqual(closed);
    await world.redis.admin((redis) => redis.call('ACL', 'SETUSER', 'guard', '+evalsha', '+eval'));
    expect(await timed()).toEqual(['204 ', true]);
  });
});
