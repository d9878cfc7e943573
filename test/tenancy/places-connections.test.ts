import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { platformDatabase } from '../../components/tenancy/places';
import { freePort } from '../support/ports';
import { ApiWorld, type Inhabitant } from './support/api-world';
import { endPlaces, inside, mostPools, placesFor, startShard } from './support/places';
import { master } from './support/platform';

let world: ApiWorld;

beforeAll(async () => {
  world = await ApiWorld.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await endPlaces();
});

afterAll(() => world.server.stop());

test('connections of fifty tenants at once stay below the limit, and everybody is served', async () => {
  const many: Inhabitant[] = [];
  for (let n = 0; n < 50; n += 1) many.push(await world.settle(`crowd-${n}`, 'database'));
  const places = placesFor(world);
  let most = { logins: 0, connections: 0 };
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const { rows } = await world.admin.query<typeof most>(
        `select count(distinct usename)::int as logins, count(*)::int as connections
           from pg_stat_activity where usename like 'strata_t_%'`,
      );
      const [now] = rows;
      if (now && now.connections > most.connections) most = now;
    }
  })();
  const asking = Array.from({ length: 4 }, () => many).flat();
  const answers = await Promise.all(
    asking.map(async (inhabitant) =>
      inside(
        await places.of(inhabitant.tenant.id),
        inhabitant,
        'select body from notes, pg_sleep(0.005)',
      ),
    ),
  );
  over.abort();
  await watching;
  console.log(`fifty tenants, ${asking.length} requests, ${mostPools} pools: at most`, most);
  expect(answers).toEqual(asking.map(({ secret }) => [{ body: secret }]));
  expect(most.connections).toBeGreaterThan(0);
  expect(most.connections).toBeLessThanOrEqual(mostPools * 10);
});

test('connections of one tenant are ten, or as many as it may have', async () => {
  const inhabitant = await world.settle('greedy', 'database');
  const held = async (allowed: number): Promise<number> => {
    const { pool } = await placesFor(world).of(inhabitant.tenant.id);
    const waiting = Array.from({ length: 15 }, () => pool.connect());
    let got = 0;
    for (const one of waiting) void one.then(() => (got += 1));
    const open = async (): Promise<number | undefined> => {
      const { rows } = await world.admin.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where usename like 'strata_t_%' and state = 'idle'",
      );
      return rows[0]?.n;
    };
    await vi.waitFor(
      async () => {
        expect([got, await open()]).toEqual([allowed, allowed]);
      },
      { timeout: 30_000 },
    );
    // Whoever may have more takes it in this time.
    await world.admin.query('select pg_sleep(0.3)');
    const most = Math.max(got, (await open()) ?? 0);
    for (const one of waiting) (await one).release();
    await endPlaces();
    return most;
  };
  expect(await held(10)).toBe(10);
  await world.set(inhabitant.tenant, 'max_connections', 3);
  expect(await held(3)).toBe(3);
});

test('connections are tried again where the trouble passes, and not tried for a while where it lasts', async () => {
  const inhabitant = await world.settle('unlucky', 'database');
  const shard = await startShard(world);
  await world.admin.query(
    "insert into registry.shards (name, host, port) values ('shaky', '127.0.0.1', $1)",
    [shard.port],
  );
  await world.set(inhabitant.tenant, 'shard', 'shaky');
  const said: string[] = [];
  const places = placesFor(world, {
    warn: (message, fields) => said.push(`${message} ${JSON.stringify(fields)}`),
  });
  const connect = async (): Promise<void> => {
    const { pool } = await places.of(inhabitant.tenant.id);
    (await pool.connect()).release(true);
  };
  shard.refuse(2);
  await connect();
  expect([shard.connections(), said]).toEqual([3, []]);

  shard.refuse(Infinity);
  for (let n = 0; n < 4; n += 1) {
    await expect(connect()).rejects.toMatchObject({ status: 503, code: 'database_unavailable' });
  }
  const tried = shard.connections() - 3;
  // Five failures in a row, and whoever was at it already.
  expect(tried).toBe(5);
  expect(said.length).toBeGreaterThan(0);
  expect(said.join()).not.toContain(master);

  shard.refuse(0);
  await expect(connect()).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(shard.connections() - 3).toBe(5);

  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 5_001);
  await connect();
  await connect();
  expect(shard.connections() - 3).toBe(7);
});

test('connections of nobody are made while the registry does not answer: 503, never the shared tables', async () => {
  const inhabitant = await world.settle('patient', 'schema');
  const url = world.server.url('strata_authenticator', platformDatabase);
  const places = placesFor(world, { url: url.replace(/:\d+\//, `:${await freePort()}/`) });
  await expect(places.of(inhabitant.tenant.id)).rejects.toMatchObject({
    status: 503,
    code: 'registry_unavailable',
  });
});
