import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../components/tenancy/places';
import { asMaintenance } from '../../provider/database/connect';
import { tenant as resource, type TenantInputs } from '../../provider/database/tenant';
import { placeUrl } from '../../provider/tenancy/clusters';
import { exclusively } from '../../provider/tenancy/lifecycle';
import { findTenant } from '../../provider/tenancy/registry';
import { placeOfTenant } from '../../provider/tenancy/tenant';
import { provisionWaiting } from '../../provider/tenancy/waiting';
import { contextFor } from '../support/local';
import { wantedTenant } from '../support/tenants';
import { untilSomebodyWaits } from './support/locks';
import { startWorld, type World } from './support/population';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

const elsewhere = [
  ['database', 'main'],
  ['shared', 'east'],
  ['schema', 'east'],
  ['database', 'east'],
] as const;

describe.each(elsewhere)('a tenant of the config, model %s on %s', (model, shard) => {
  const slug = `${model}-${shard}`;
  const wanted = (members: Readonly<Record<string, 'admin' | 'member'>>, name?: string) =>
    inputs(slug, { model, shard }, members, name);

  test('has at its own place whom a later deployment adds, and nobody whom it takes out', async () => {
    const { id, state } = await resource.create(wanted({ ann: 'admin' }), contextFor(slug));
    expect(await provisionWaiting(world.platform, [slug], () => undefined)).toEqual([]);
    const more = wanted({ ann: 'admin', bob: 'member' }, 'Renamed');
    const next = await resource.update?.(id, state, more, contextFor(slug));
    if (!next) throw new Error('not updated');
    expect(await copyOf(slug)).toEqual(['Renamed', 'ann admin', 'bob member']);
    await resource.update?.(id, next, wanted({ ann: 'member' }), contextFor(slug));
    expect(await copyOf(slug)).toEqual([slug, 'ann member']);
  });

  test('has them too when its resource is made anew, after what else is done to it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const holding = exclusively(world.platform.clusters, slug, () => held);
    const again = resource.create(wanted({ ann: 'admin', carol: 'member' }), contextFor(slug));
    const admin = await world.servers.main.connect('postgres', 'strata');
    await untilSomebodyWaits(admin);
    await admin.end();
    release();
    await Promise.all([holding, again]);
    expect(await copyOf(slug)).toEqual([slug, 'ann admin', 'carol member']);
  });
});

test('a tenant of the config whose place is not made yet is only entered', async () => {
  const wanted = inputs('waiting', { model: 'database', shard: 'main' }, { ann: 'admin' });
  const { id, state } = await resource.create(wanted, contextFor('waiting'));
  const renamed = { ...wanted, displayName: 'Renamed' };
  await resource.update?.(id, state, renamed, contextFor('waiting'));
  expect(await findTenant(world.platform.clusters, 'waiting')).toMatchObject({
    name: 'Renamed',
    status: 'provisioning',
  });
});

function inputs(
  slug: string,
  place: { readonly model: Model; readonly shard: string },
  members: Readonly<Record<string, 'admin' | 'member'>>,
  displayName = slug,
): TenantInputs {
  const { clusters, master } = world.platform;
  return {
    url: clusters.get('main') ?? '',
    cluster: 'test',
    clusters: Object.fromEntries(clusters),
    master,
    ...wantedTenant(slug, members, { ...place, displayName }),
  };
}

/** The name of a tenant and its members, as its own database or shard has them. */
async function copyOf(slug: string): Promise<string[]> {
  const { clusters } = world.platform;
  const tenant = await findTenant(clusters, slug);
  return asMaintenance(placeUrl(clusters, placeOfTenant(tenant)), async (client) => {
    const { rows } = await client.query<{ text: string }>(
      `select name as text, 0 as position from registry.tenants where id = $1
       union all
       select u.handle || ' ' || m.role, 1 from registry.members m join registry.users u on u.id = m.user_id
       where m.tenant_id = $1 order by position, text`,
      [tenant.id],
    );
    return rows.map(({ text }) => text);
  });
}
