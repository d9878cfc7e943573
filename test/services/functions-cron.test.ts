import { afterAll, beforeAll, expect, test } from 'vitest';
import { Platform, type Started } from './functions/platform';

let platform: Platform;
let replicas: Started[];

beforeAll(async () => {
  platform = await Platform.start();
  replicas = await Promise.all(
    [1, 2, 3].map(() => platform.run('functions-worker', { only: ['each-second'] })),
  );
});

afterAll(() => platform.stop());

test('of three replicas one runs each tick', async () => {
  const times = (await atLeast(6)).map(({ at }) => at);
  expect(new Set(times).size).toBe(times.length);
});

test('it goes through the active tenants, each alone, as the tenant itself', async () => {
  const [{ seen } = {}] = await atLeast(1);
  const { acme, globex } = platform.world;
  expect(seen).toEqual(
    [acme.id, globex.id]
      .sort()
      .map((tenantId) => ({ tenantId, role: 'admin', tenants: [tenantId] })),
  );
});

test('a replica that is killed takes no tick with it that others could run', async () => {
  const before = (await atLeast(1)).length;
  replicas[0]?.child.kill('SIGKILL');
  const after = await atLeast(before + 4);
  const times = after.map(({ at }) => Date.parse(String(at)));
  expect(new Set(times).size).toBe(times.length);
});

/** What all replicas said of their ticks, once that many have run. */
async function atLeast(count: number): Promise<Record<string, unknown>[]> {
  for (;;) {
    const ticks = replicas.flatMap((replica) => replica.said('tick'));
    if (ticks.length >= count) return ticks;
    await Promise.race(replicas.map((replica) => next(replica)));
  }
}

function next(replica: Started): Promise<void> {
  return new Promise((resolve) => {
    replica.onLine((line) => {
      if (line.includes('"message":"tick"')) resolve();
    });
  });
}
