import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeOf } from '../../components/tenancy/places';
import { erasePerson } from '../../provider/tenancy/erase';
import { beginMove, endMove } from '../../provider/tenancy/move-journal';
import { findTenant } from '../../provider/tenancy/registry';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import type { TenantStore } from '../../provider/tenancy/stores/store';
import type { Tenant } from '../../provider/tenancy/tenant';
import { untilSomebodyWaits } from './support/locks';
import { move } from './support/moves';
import { asAdmin, settle, startWorld, type World } from './support/population';

let world: World;
let stores: readonly TenantStore[];
let admin: Client;

beforeAll(async () => {
  world = await startWorld();
  stores = [postgresStore(world.platform)];
  admin = await world.servers.main.connect('postgres', 'strata');
});

afterAll(() => world.stop());

test('a person whose tenant is just moving is forgotten where the tenant is then', async () => {
  const tenant = await furnished('moving');
  const erased: Promise<void>[] = [];
  await move(
    world,
    'moving',
    { model: 'database', shard: 'east' },
    {
      tell: async (message) => {
        // Compared, and not switched yet.
        if (!message.startsWith('same: ')) return;
        erased.push(erasePerson(world.platform, stores, tenant, 'moving-ann'));
        await Promise.race([...erased, untilSomebodyWaits(admin)]);
      },
    },
  );
  await Promise.all(erased);
  expect(erased).toHaveLength(1);
  const moved = await findTenant(world.platform.clusters, tenant.id);
  expect(moved).toMatchObject({ model: 'database', shard: 'east' });
  expect(await notes(moved)).toEqual([{ author: null, blank: true }]);
});

test('nobody is forgotten while an interrupted move has left rows at two places', async () => {
  const { platform } = world;
  const tenant = await furnished('halfway');
  await beginMove(platform.clusters, tenant, placeOf(tenant.id, 'database', 'east'));
  const erase = () => erasePerson(platform, stores, tenant, 'halfway-ann');
  await expect(erase()).rejects.toThrow('halfway is being moved: finish that first');
  expect(await notes(tenant)).toEqual([{ author: expect.any(String) as string, blank: false }]);
  await endMove(platform.clusters, tenant.id);
  await erase();
  expect(await notes(tenant)).toEqual([{ author: null, blank: true }]);
});

/** A tenant whose admin has written something. */
async function furnished(slug: string): Promise<Tenant> {
  const tenant = await settle(world.platform, slug, 'schema', 'main');
  await asAdmin(world, tenant, async (client) => {
    await client.query("insert into projects (name) values ('Apollo')");
    await client.query("insert into notes (project_id, body) select id, 'Mine' from projects");
  });
  return tenant;
}

async function notes({ id, model, shard }: Tenant): Promise<unknown[]> {
  const { database, schema } = placeOf(id, model, shard);
  const server = shard === 'main' ? world.servers.main : world.servers.east;
  const client = await server.connect('postgres', database);
  const { rows } = await client.query<{ author: string | null; blank: boolean }>(
    `select author_id as author, body <> 'Mine' as blank from ${schema}.notes where tenant_id = $1`,
    [id],
  );
  await client.end();
  return rows;
}
