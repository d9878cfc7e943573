import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteTenant } from '../../provider/tenancy/remove';
import type { Tenant } from '../../provider/tenancy/tenant';
import { randomFrom, seed } from '../support/random';
import { InhabitedWorld } from './support/inhabited';
import { child, lineOf } from './support/population';
import type { RemoveOrder } from './support/remove-child';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

const random = randomFrom(seed);

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

const steps = [
  'close',
  'compare',
  'decide',
  'remove from Redis',
  'remove from object store',
  'remove from Postgres',
  'remove from the registry',
  'search',
  'receipt',
];

async function begin(slug: string, model: Tenant['model'], dieAt: string): Promise<RemoveOrder> {
  const { world, s3, stores } = inhabited;
  const { clusters, ...platform } = world.platform;
  const tenant = await inhabited.inhabit(slug, { model, shard: 'east' });
  const folder = world.folder(slug);
  const exported = await deleteTenant(world.platform, stores, tenant, { folder });
  if (exported.step !== 'exported') throw new Error('deleted at once');
  return {
    platform: { ...platform, clusters: Object.fromEntries(clusters) },
    s3: s3.options,
    redis: inhabited.redisOptions,
    tenant,
    folder,
    token: exported.token,
    dieAt,
  };
}

async function finish({ tenant, folder, token }: RemoveOrder): Promise<void> {
  const { world, stores } = inhabited;
  const receipt = await deleteTenant(world.platform, stores, tenant, { folder, token });
  expect(receipt).toMatchObject({ step: 'deleted', rows: 116 });
  expect(await inhabited.traces(tenant)).toEqual([]);
}

describe(`a deletion that is killed ${s3StandIn}`, () => {
  test.each(steps)('before the step "%s" is done by running it again', async (step) => {
    const order = await begin(`killed-${String(steps.indexOf(step))}`, 'database', step);
    const deletion = child('remove-child.ts', order);
    expect(await once(deletion, 'exit')).toEqual([null, 'SIGKILL']);
    await finish(order);
  });

  test.each(['shared', 'schema', 'database'] as const)(
    `at any moment is done by running it again: model %s (seed ${String(seed)})`,
    async (model) => {
      const order = await begin(`random-${model}`, model, 'never');
      const deletion = child('remove-child.ts', order);
      // It may be done before it is killed.
      const gone = once(deletion, 'exit');
      await lineOf(deletion, (line) => line === 'decide');
      await sleep(random() * 1000);
      deletion.kill('SIGKILL');
      await gone;
      await finish(order);
    },
  );
});
