import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asMaintenance } from '../../provider/database/connect';
import { placeUrl } from '../../provider/tenancy/clusters';
import { claim, complete } from '../../provider/tenancy/jobs';
import { suspendTenant } from '../../provider/tenancy/lifecycle';
import { mirror, originalOf } from '../../provider/tenancy/mirror';
import { synchronise } from '../../provider/tenancy/provision';
import { inRegistry } from '../../provider/tenancy/registry';
import { placeOfTenant, type Tenant } from '../../provider/tenancy/tenant';
import { untilSomebodyWaits } from './support/locks';
import { OneCluster } from './support/one-cluster';

let one: OneCluster;
let worker: Client;
let writer: Client;

beforeAll(async () => {
  one = await OneCluster.start();
  worker = await one.server.connect('strata_migrator', 'strata');
  await worker.query('set role strata_maintenance');
  writer = await one.server.connect('postgres', 'strata');
});

afterAll(() => one.stop());

let tenant: Tenant;
let count = 0;
beforeEach(async () => {
  tenant = await one.make(`tenant-${String((count += 1))}`, 'database');
  await one.admin.query('delete from registry.tenant_jobs');
});

const leave = 'delete from registry.members where tenant_id = $1';
const promote = "update registry.members set role = 'admin' where tenant_id = $1";

describe('a change of members is followed by a job', () => {
  test('also where a job that waits would be done before the change is kept', async () => {
    await one.admin.query(promote, [tenant.id]);
    await writer.query('begin');
    await writer.query(leave, [tenant.id]);
    const early = await claim(worker, 30);
    if (early) await complete(worker, early, {});
    await writer.query('commit');
    expect(await claim(worker, 30)).toMatchObject({ action: 'synchronise', tenantId: tenant.id });
  });

  test('also where the one that waits is being taken, for which nobody waits', async () => {
    await one.admin.query(promote, [tenant.id]);
    await worker.query('begin');
    const taken = await claim(worker, 30);
    if (!taken) throw new Error('there was no job');
    await writer.query("set lock_timeout = '2s'");
    await writer.query(leave, [tenant.id]).finally(() => worker.query('commit'));
    await complete(worker, taken, {});
    expect(await claim(worker, 30)).toMatchObject({ action: 'synchronise', tenantId: tenant.id });
  });

  test('and many changes by one', async () => {
    await one.admin.query(promote, [tenant.id]);
    await writer.query('begin');
    await writer.query(promote, [tenant.id]);
    await one.admin.query(
      `with u as (insert into registry.users (handle) values ('bob') returning id)
       insert into registry.members (tenant_id, user_id, role) select $1, id, 'member' from u`,
      [tenant.id],
    );
    await writer.query('commit');
    const { rows } = await one.admin.query('select action, state from registry.tenant_jobs');
    expect(rows).toEqual([{ action: 'synchronise', state: 'queued' }]);
  });
});

describe('the copy of a tenant', () => {
  test('is as the one who read last has it, whoever writes first', async () => {
    const { clusters } = one.platform;
    let goOn = (): void => undefined;
    const may = new Promise<void>((resolve) => (goOn = resolve));
    let older: Promise<void> = Promise.resolve();
    await new Promise<void>((hasRead) => {
      older = mirror(placeUrl(clusters, placeOfTenant(tenant)), tenant, async () => {
        const original = await inRegistry(clusters, (client) => originalOf(client, tenant));
        hasRead();
        await may;
        return original;
      });
    });
    await one.admin.query(leave, [tenant.id]);
    const newer = synchronise(clusters, tenant);
    await Promise.race([newer, untilSomebodyWaits(one.admin)]);
    goOn();
    await Promise.all([older, newer]);
    expect(await copied('select from registry.members')).toBe(0);
  });

  test('is what the registry says, whatever the one who asks for it remembers', async () => {
    await suspendTenant(one.platform, tenant.slug);
    await synchronise(one.platform.clusters, tenant);
    expect(await copied("select from registry.tenants where status = 'suspended'")).toBe(1);
  });

  test('takes somebody new with the handle of one who was deleted', async () => {
    await one.admin.query('delete from registry.users where handle = $1', ['ann']);
    await one.admin.query(
      `with u as (insert into registry.users (handle) values ('ann') returning id)
       insert into registry.members (tenant_id, user_id, role) select $1, id, 'admin' from u`,
      [tenant.id],
    );
    await synchronise(one.platform.clusters, tenant);
    expect(await copied("select from registry.users where handle = 'ann'")).toBe(1);
  });

  test('is not made of a tenant that was deleted meanwhile', async () => {
    await one.admin.query('delete from registry.tenants where id = $1', [tenant.id]);
    await expect(synchronise(one.platform.clusters, tenant)).rejects.toThrow(
      `${tenant.slug} is no longer in the registry`,
    );
  });
});

/** Of how many rows the tenant's own database says so. */
function copied(question: string): Promise<number | null> {
  const url = placeUrl(one.platform.clusters, placeOfTenant(tenant));
  return asMaintenance(url, async (client) => (await client.query(question)).rowCount);
}
