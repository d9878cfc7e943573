import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportTenant } from '../../provider/tenancy/export';
import { importTenant } from '../../provider/tenancy/import';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import type { TenantStore } from '../../provider/tenancy/stores/store';
import { removeFromRegistry } from '../../provider/tenancy/stores/postgres-remove';
import type { Tenant } from '../../provider/tenancy/tenant';
import { hashes, LifeWorld, models, shards } from './support/life';

let world: LifeWorld;
let stores: readonly TenantStore[];

beforeAll(async () => {
  world = await LifeWorld.start();
  stores = [postgresStore(world.platform)];
});

afterAll(() => world.stop());

/** As if it had been another platform that exported. */
async function forget(tenant: Tenant): Promise<void> {
  await world.ask("update registry.tenants set status = 'deleting' where id = $1", [tenant.id]);
  await postgresStore(world.platform).remove(tenant);
  await removeFromRegistry(world.platform.clusters, tenant);
}

describe('a tenant that is exported and imported', () => {
  test('is the same bytes in every model and on every shard', async () => {
    let tenant = await world.add('acme', { members: { ann: 'admin', bøb: 'member' } });
    await world.furnish(tenant);
    await exportTenant(stores, tenant, world.folder('acme'));
    const first = hashes(world.folder('acme'));
    for (const shard of shards) {
      for (const model of models) {
        await forget(tenant);
        tenant = await importTenant(world.platform, stores, world.folder('acme'), { model, shard });
        expect(tenant).toMatchObject({ slug: 'acme', model, shard, status: 'active' });
        const again = world.folder(`acme-${model}-${shard}`);
        await exportTenant(stores, tenant, again);
        expect({ model, shard, files: hashes(again) }).toEqual({ model, shard, files: first });
      }
    }
    const text = readFileSync(`${world.folder('acme')}/rows/app.samples.copy`, 'utf8');
    expect(text.split('\n')).toHaveLength(105);
    // Ordered by bytes, whatever the order of the server is.
    expect(readFileSync(`${world.folder('acme')}/rows/app.codes.copy`, 'utf8')).toBe(
      ['', '\\n', 'B', 'Z', 'a', 'ä', ''].join('\t\\N\n'),
    );
  });

  test('may have many rows: they stream', async () => {
    const tenant = await world.add('many', { model: 'shared', members: { ann: 'admin' } });
    await world.furnish(tenant, 50_000);
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    const started = performance.now();
    await exportTenant(stores, tenant, world.folder('many'));
    const exported = performance.now();
    const copy = await importTenant(world.platform, stores, world.folder('many'), {
      model: 'database',
      shard: 'east',
      as: { slug: 'many-more' },
    });
    const imported = performance.now();
    clearInterval(watch);
    await exportTenant(stores, copy, world.folder('many-more'));
    const rows = (folder: string) =>
      Object.entries(hashes(folder)).filter(([name]) => name.startsWith('rows/'));
    expect(rows(world.folder('many-more'))).toEqual(rows(world.folder('many')));
    const perSecond = (from: number, to: number) => Math.round(50_000_000 / (to - from));
    console.log(
      `50,000 rows: exported ${perSecond(started, exported)}/s, imported ${perSecond(exported, imported)}/s, ` +
        `${Math.round((most - before) / 1e6)} MB more in memory`,
    );
  });
});
