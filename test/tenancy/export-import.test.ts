import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantRole } from '../../components/tenancy/places';
import { exportTenant } from '../../provider/tenancy/export';
import { importTenant } from '../../provider/tenancy/import';
import { configure, findTenant } from '../../provider/tenancy/registry';
import type { TenantStore } from '../../provider/tenancy/stores/store';
import { InhabitedWorld } from './support/inhabited';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

describe(`an import ${s3StandIn}`, () => {
  test('that was interrupted is done by running it again, without what it left', async () => {
    const { world, stores, s3 } = inhabited;
    const tenant = await inhabited.inhabit('twice', { model: 'database', shard: 'main' });
    const folder = world.folder('twice');
    await exportTenant(stores, tenant, folder);
    const [postgres, bucket] = stores;
    if (!postgres || !bucket) throw new Error('no stores');
    const broken: TenantStore = {
      ...bucket,
      import: async (to, from) => {
        await bucket.import(to, from);
        s3.put(`${to.id}/${randomUUID()}`, 'half an object');
        throw new Error('the store went away');
      },
    };
    const target = { model: 'schema', shard: 'east', as: { slug: 'twice-copy' } } as const;
    await expect(importTenant(world.platform, [postgres, broken], folder, target)).rejects.toThrow(
      'the store went away',
    );
    const copy = await importTenant(world.platform, stores, folder, target);
    const registered = await findTenant(world.platform.clusters, copy.id);
    expect([registered.status, registered.schemaVersion]).toEqual([
      'active',
      world.platform.plan.version,
    ]);
    expect(s3.keys().filter((key) => key.startsWith(copy.id))).toHaveLength(5);
    expect(await world.at(copy, 'select count(*)::int as rows from app.samples')).toEqual([
      { rows: 104 },
    ]);
  });

  test('gives a login the limits that its tenant was given meanwhile', async () => {
    const { world, stores } = inhabited;
    const folder = world.folder('limited');
    const original = await inhabited.inhabit('limited', { model: 'shared', shard: 'main' });
    await exportTenant(stores, original, folder);
    const target = { model: 'database', as: { slug: 'limited-copy' } } as const;
    const broken: TenantStore[] = stores.map((store) => ({
      ...store,
      import: () => Promise.reject(new Error('the store went away')),
    }));
    const interrupted = importTenant(world.platform, broken, folder, target);
    await expect(interrupted).rejects.toThrow('the store went away');
    const { clusters } = world.platform;
    const limits = { maxConnections: 3 };
    await configure(clusters, await findTenant(clusters, target.as.slug), { limits });
    const copy = await importTenant(world.platform, stores, folder, target);
    expect(
      await world.ask(
        'select rolcanlogin as open, rolconnlimit as connections from pg_roles where rolname = $1',
        [tenantRole(copy.id)],
      ),
    ).toEqual([{ open: true, connections: 3 }]);
  });

  test('of rows that a trigger changes is refused, and one that asks functions asks none', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('triggered', { model: 'schema', shard: 'main' });
    const folder = world.folder('triggered');
    await exportTenant(stores, tenant, folder);
    const target = (slug: string) => ({ model: 'shared', as: { slug } }) as const;
    await world.ask(`
      create trigger strata_event_x after insert on app.projects for each row execute function outbox.record('x')`);
    const copy = await importTenant(world.platform, stores, folder, target('silent'));
    for (const told of ['outbox.events', 'realtime.changes']) {
      expect(await world.ask(`select from ${told} where tenant_id = $1`, [copy.id])).toEqual([]);
    }
    await world.ask(`drop trigger strata_event_x on app.projects;
      create function app.shout() returns trigger language plpgsql set search_path = '' as
        'begin new.name := upper(new.name); return new; end';
      create trigger shout before insert on app.projects for each row execute function app.shout()`);
    await world.ask('grant execute on function app.shout() to public');
    try {
      await expect(importTenant(world.platform, stores, folder, target('loud'))).rejects.toThrow(
        /app\.projects has 1 rows after the import of 1, and not the ones that were sent/,
      );
    } finally {
      await world.ask('drop function app.shout() cascade');
    }
  });
});
