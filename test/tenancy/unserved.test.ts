import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planOf } from '../../components/plan';
import { choiceProblems } from '../../components/services/choice';
import type { Model } from '../../components/tenancy/places';
import { exportTenant } from '../../provider/tenancy/export';
import { importTenant } from '../../provider/tenancy/import';
import { createTenant } from '../../provider/tenancy/lifecycle';
import { moveTenant } from '../../provider/tenancy/move';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant, tenantNamed } from '../../provider/tenancy/registry';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { RefusedError, type Wanted } from '../../provider/tenancy/wanted';
import { startServer, type Server } from '../sql/support/server';
import { settingsOf } from '../support/platform';
import { deployCluster, planWith, platformOf } from './support/platform';

/** A deployment whose APIs look into shared tables alone, and whose config names a tenant that they do not serve. */
const settings = settingsOf({
  target: 'docker',
  services: {
    graphql: { enabled: false },
    hasura: { enabled: true },
    postgrest: { enabled: true },
  },
  tenancy: { tenants: { initech: { members: { ann: 'admin' }, model: 'schema' } } },
});

let server: Server;
/** Where every model is served, and the same where it is not. */
let usual: Platform;
let narrow: Platform;

beforeAll(async () => {
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  usual = platformOf({ main: server }, plan);
  const { sharedTablesOnly = [] } = planOf(settings).tenancy;
  narrow = { ...usual, plan: { ...plan, sharedTablesOnly } };
});

afterAll(() => server.stop());

const wanted = (slug: string, model: Model): Wanted => ({
  slug,
  name: slug,
  model,
  shard: 'main',
  members: [{ user: 'ann', role: 'admin' }],
});

const refusal = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RefusedError);
  return (error as RefusedError).message;
};

describe('a tenant that no API of the deployment would serve', () => {
  const [inConfig] = choiceProblems(settings);
  const words = (model: Model): string =>
    `it ${inConfig?.reason ?? ''}: model ${model} on shard main (allowed: ${inConfig?.allowed ?? ''}). ` +
    (inConfig?.advice ?? '').replace(/\.$/, '');

  test.each(['schema', 'database'] as const)(
    'is not made with model %s, in the words that its config is refused with',
    async (model) => {
      expect(await refusal(createTenant(narrow, [], wanted(`new-${model}`, model)))).toBe(
        `Tenant new-${model} is not made:\n  - ${words(model)}`,
      );
      expect(await tenantNamed(narrow.clusters, `new-${model}`)).toBeUndefined();
    },
  );

  test('is told with whatever else is wrong with it', async () => {
    const message = await refusal(
      createTenant(narrow, [], { ...wanted('www', 'schema'), members: [] }),
    );
    expect(message.split('\n  - ').slice(1)).toEqual([
      expect.stringContaining('not reserved'),
      'it has no admin, so nobody could manage it',
      words('schema'),
    ]);
  });

  test('is made where it shares tables, and where it was begun before', async () => {
    expect((await createTenant(narrow, [], wanted('shares', 'shared'))).status).toBe('active');
    const interrupted = {
      name: 'store',
      provision: () => Promise.reject(new Error('the store is away')),
    };
    const begun = wanted('begun', 'schema');
    await expect(createTenant(usual, [interrupted], begun)).rejects.toThrow('the store is away');
    expect((await createTenant(narrow, [], begun)).status).toBe('active');
  });

  test('does not come by a move, which leaves it where it is', async () => {
    await createTenant(narrow, [], wanted('moves', 'shared'));
    const target = { model: 'schema', shard: 'main' } as const;
    expect(await refusal(moveTenant(narrow, 'moves', target))).toBe(
      `moves stays where it is:\n  - ${words('schema')}`,
    );
    const { model, status, movingTo } = await findTenant(narrow.clusters, 'moves');
    expect([model, status, movingTo]).toEqual(['shared', 'active', null]);
  });

  test('does not come by an import, which leaves nothing', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-unserved-'));
    try {
      const stores = [postgresStore(usual)];
      const tenant = await createTenant(usual, [], wanted('exported', 'schema'));
      const to = path.join(folder, 'export');
      await exportTenant(stores, tenant, to, {});
      const copy = (model: Model): Promise<unknown> =>
        importTenant(narrow, stores, to, { model, as: { slug: `copy-${model}` } });
      expect(await refusal(copy('schema'))).toContain(words('schema'));
      expect(await tenantNamed(narrow.clusters, 'copy-schema')).toBeUndefined();
      await copy('shared');
      expect((await findTenant(narrow.clusters, 'copy-shared')).model).toBe('shared');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('a deployment that serves every model says nothing of it to whoever makes tenants', () => {
  const plan = (services: Record<string, unknown>) =>
    planOf(settingsOf({ target: 'docker', services })).tenancy.sharedTablesOnly;
  expect([
    plan({}),
    plan({ hasura: { enabled: true } }),
    plan({ graphql: { enabled: false } }),
    plan({ graphql: { enabled: false }, postgrest: { enabled: true } }),
  ]).toEqual([undefined, undefined, undefined, ['postgrest']]);
});
