import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteTenant } from '../../provider/tenancy/remove';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { randomFrom, seed } from '../support/random';
import { expectExactly, memoryMs } from './support/moves';
import { settle, startWorld, type World } from './support/population';
import { Writers } from './support/writers';

let world: World;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-remove-'));
  world = await startWorld();
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.stop();
});

test('while tenants with schemas are deleted, those who write to the shared tables never fail', async () => {
  const { platform } = world;
  const stores = [postgresStore(platform)];
  const staying = await settle(platform, 'staying', 'shared', 'main');
  const writers = new Writers(world, staying, { random: randomFrom(seed), memoryMs, thinkMs: 60 });
  const leaving = [];
  for (let index = 0; index < 6; index += 1) {
    leaving.push(await settle(platform, `leaving-${index}`, 'schema', 'main'));
  }
  await writers.start(8);
  for (const tenant of leaving) {
    const to = path.join(folder, tenant.slug);
    const exported = await deleteTenant(platform, stores, tenant, { folder: to });
    if (exported.step !== 'exported') throw new Error('deleted at once');
    const { token } = exported;
    const deleted = await deleteTenant(platform, stores, tenant, { folder: to, token });
    expect(deleted.step).toBe('deleted');
    await writers.more(8);
  }
  await writers.stop();
  expect(writers.errors, `seed ${seed}`).toEqual([]);
  await expectExactly(writers, seed);
});
