import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../provider/database/connect';
import { deleteTenant } from '../../provider/tenancy/remove';
import type { Tenant } from '../../provider/tenancy/tenant';
import { InhabitedWorld } from './support/inhabited';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

describe(`a deletion ${s3StandIn}`, () => {
  test('closes the doors before it compares: whoever still writes is refused by the database', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('doors', { model: 'shared', shard: 'main' });
    const folder = world.folder('doors');
    const exported = await deleteTenant(world.platform, stores, tenant, { folder });
    if (exported.step !== 'exported') throw new Error('deleted at once');
    const tried: Promise<string>[] = [];
    await deleteTenant(world.platform, stores, tenant, {
      folder,
      token: exported.token,
      onStep: (step) => {
        if (step === 'decide') tried.push(write(tenant));
      },
    });
    expect(await Promise.all(tried)).toEqual(['ST001']);
  });

  test('that something survives says so, and is done when that is gone', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('sticky', { model: 'shared', shard: 'main' });
    const folder = world.folder('sticky');
    const exported = await deleteTenant(world.platform, stores, tenant, { folder });
    if (exported.step !== 'exported') throw new Error('deleted at once');
    const confirmed = { folder, token: exported.token };
    await inhabited.redis.set('elsewhere', tenant.id);
    await expect(deleteTenant(world.platform, stores, tenant, confirmed)).rejects.toThrow(
      /not everything is gone; take it away and run this again:\n {2}- Redis: key elsewhere holds/,
    );
    await inhabited.redis.del('elsewhere');
    expect(await deleteTenant(world.platform, stores, tenant, confirmed)).toMatchObject({
      step: 'deleted',
    });
    expect(await inhabited.traces(tenant)).toEqual([]);
  });

  /** As a trusted backend that has not heard of anything; its SQLSTATE. */
  function write(tenant: Tenant): Promise<string> {
    return withClient(inhabited.world.servers.main.url('strata_app', 'strata'), async (client) => {
      await client.query('begin');
      await client.query(
        `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.role', 'admin', true)`,
        [tenant.id, randomUUID()],
      );
      return client
        .query("insert into app.projects (name) values ('late')")
        .then(() => 'written')
        .catch((error: unknown) => (error as { code: string }).code);
    });
  }
});
