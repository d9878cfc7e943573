import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMove } from '../../provider/tenancy/move-journal';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant } from '../../provider/tenancy/registry';
import { randomFrom, seed } from '../support/random';
import {
  everyPair,
  expectExactly,
  expectNothingElsewhere,
  memoryMs,
  move,
  quick,
} from './support/moves';
import { child, kill, lineOf, settle, startWorld, type World } from './support/population';
import { Writers } from './support/writers';

let world: World;
let platform: Platform;

beforeAll(async () => {
  world = await startWorld();
  platform = world.platform;
});

afterAll(() => world.stop());

/** As `tell` says them, in their order. */
const steps = [
  'the new place is made',
  'all rows are copied',
  'round 1',
  'writers wait',
  'same: all',
  'the old place is closed',
  'the registry has switched',
  'writers waited',
  'the new place is open',
  'the old rows stay',
];

describe('a move that is interrupted', () => {
  test('killed -9 at each step, it is ended by the same call, and nothing is lost', async () => {
    const next = randomFrom(seed);
    const tenant = await settle(platform, 'victim', 'shared', 'main');
    const writers = new Writers(world, tenant, { random: next, memoryMs });
    await writers.start(2);
    const way = everyPair();
    const done: string[] = [];
    for (const step of steps) {
      const { model, shard } = await findTenant(platform.clusters, 'victim');
      const [, to] =
        way.find(
          ([from, there]) =>
            from.model === model &&
            from.shard === shard &&
            !done.includes(`${there.model} ${there.shard}`),
        ) ??
        way.find(([from]) => from.model === model && from.shard === shard) ??
        [];
      if (!to) throw new Error('nowhere to go');
      done.push(`${to.model} ${to.shard}`);
      const clusters = Object.fromEntries(platform.clusters);
      const mover = child('move-child.ts', {
        ...platform,
        clusters,
        slug: 'victim',
        to,
        options: quick,
        step,
      });
      await lineOf(mover, (line) => line.startsWith(`at ${step}`));
      await kill(mover);
      await move(world, 'victim', to);
      await writers.more(6);
      expect(await findTenant(platform.clusters, 'victim'), step).toMatchObject(to);
      expect(await findMove(platform.clusters, tenant.id), step).toBeUndefined();
      await expectNothingElsewhere(world, 'victim');
    }
    await writers.stop();
    console.log(`killed at ${steps.length} steps, ${writers.commits} commits, seed ${seed}`);
    await expectExactly(writers, seed);
  });

  test('killed while it goes one way, it may be sent another way', async () => {
    const tenant = await settle(platform, 'undecided', 'shared', 'main');
    const writers = new Writers(world, tenant, { random: randomFrom(seed), memoryMs });
    await writers.start(2);
    const clusters = Object.fromEntries(platform.clusters);
    for (const step of ['the old place is closed', 'the registry has switched']) {
      const to = { model: 'database', shard: 'east' };
      const mover = child('move-child.ts', {
        ...platform,
        clusters,
        slug: 'undecided',
        to,
        options: quick,
        step,
      });
      await lineOf(mover, (line) => line.startsWith(`at ${step}`));
      await kill(mover);
      await move(world, 'undecided', { model: 'schema', shard: 'main' });
      await writers.more(4);
      await expectNothingElsewhere(world, 'undecided');
      await move(world, 'undecided', { model: 'shared', shard: 'main' });
    }
    await writers.stop();
    await expectExactly(writers, seed);
  });
});
