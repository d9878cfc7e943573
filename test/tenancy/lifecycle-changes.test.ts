import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { placeOf, type Model } from '../../components/tenancy/places';
import { configureTenant, resumeTenant, suspendTenant } from '../../provider/tenancy/lifecycle';
import { findTenant, setStatus, type Registered } from '../../provider/tenancy/registry';
import { enterAs, notesOf } from './support/caller';
import { models } from './support/life';
import { OneCluster } from './support/one-cluster';

let one: OneCluster;

beforeAll(async () => {
  one = await OneCluster.start();
});

afterAll(() => one.stop());

let slug = '';
let count = 0;
beforeEach(() => {
  slug = `tenant-${String((count += 1))}`;
});

const refused: Record<Model, string | undefined> = {
  // What the shared tables are reached by is everybody's: the APIs ask the registry.
  shared: undefined,
  schema: 'relation "notes" does not exist',
  database: 'is not permitted to log in',
};

describe.each(models)('a tenant of model %s', (model) => {
  test('is shut out, however often that is asked, and let in again', async () => {
    const tenant = await one.make(slug, model);
    for (const once of [1, 2]) {
      const suspended = await suspendTenant(one.platform, once === 1 ? slug : tenant.id);
      expect(suspended).toEqual({ ...tenant, status: 'suspended' });
      expect(await placeStatus(tenant)).toBe('suspended');
      const said = await notesOf(one.server, tenant).then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      );
      if (refused[model] === undefined) expect(said).toBeUndefined();
      else expect(said).toContain(refused[model]);
      expect(await mirrored(tenant)).toBe('suspended');
    }
    for (let times = 0; times < 2; times += 1) {
      expect(await resumeTenant(one.platform, slug)).toEqual(tenant);
      expect(await notesOf(one.server, tenant)).toEqual([]);
      expect([await placeStatus(tenant), await mirrored(tenant)]).toEqual(['active', 'active']);
    }
  });

  test('is neither suspended nor resumed while it is deleted', async () => {
    const tenant = await one.make(slug, model);
    await setStatus(one.platform.clusters, tenant, 'deleting', ['active']);
    for (const change of [suspendTenant, resumeTenant]) {
      await expect(change(one.platform, slug)).rejects.toThrow(/is deleting and does not become/);
    }
  });

  test('that is configured while it is suspended stays shut out', async () => {
    const tenant = await one.make(slug, model);
    await suspendTenant(one.platform, slug);
    await configureTenant(one.platform, slug, { limits: { statementTimeoutMs: 500 } });
    if (model !== 'shared')
      await expect(notesOf(one.server, tenant)).rejects.toThrow(refused[model]);
    expect((await findTenant(one.platform.clusters, slug)).status).toBe('suspended');
  });

  test('has another name and other limits where it had none, and none again', async () => {
    const tenant = await one.make(slug, model);
    const limits = { statementTimeoutMs: 1234, storageBytes: 5, requestsPerMinute: 6 };
    const configured = await configureTenant(one.platform, slug, { name: 'New', limits });
    expect(configured).toEqual({ ...tenant, name: 'New', limits: { ...tenant.limits, ...limits } });
    const usual = { statementTimeoutMs: null, storageBytes: null, requestsPerMinute: null };
    expect(await configureTenant(one.platform, slug, { limits: usual })).toEqual({
      ...tenant,
      name: 'New',
    });
  });
});

describe('the storage quota of a tenant', () => {
  const upload = async (tenant: Registered, bytes: number): Promise<string> => {
    const client = await enterAs(one.server, tenant);
    try {
      await client.query(
        "insert into storage.files (name, mime_type, size) values ('a', 'text/plain', $1)",
        [bytes],
      );
      await client.query('commit');
      return 'kept';
    } catch (error) {
      return (error as { constraint?: string }).constraint ?? (error as Error).message;
    } finally {
      await client.end();
    }
  };

  test('is its own where the registry has one, and everybody else\u2019s stays', async () => {
    const service = await one.server.connect('strata_authenticator', 'strata');
    await service.query('select storage.set_limits(1000, 100, 10, 1000, 10)');
    const tenant = await one.make(slug, 'shared');
    const other = await one.make('quota', 'shared');
    expect([await upload(tenant, 90), await upload(tenant, 20)]).toEqual(['kept', 'tenant_bytes']);
    await configureTenant(one.platform, slug, { limits: { storageBytes: 120 } });
    expect([await upload(tenant, 20), await upload(tenant, 20)]).toEqual(['kept', 'tenant_bytes']);
    expect([await upload(other, 100), await upload(other, 1)]).toEqual(['kept', 'tenant_bytes']);
    await configureTenant(one.platform, slug, { limits: { storageBytes: 0 } });
    expect(await upload(tenant, 1)).toBe('tenant_bytes');
    await configureTenant(one.platform, slug, { limits: { storageBytes: null } });
    expect(await upload(tenant, 1)).toBe('tenant_bytes');
  });
});

async function placeStatus({ id }: Registered): Promise<unknown> {
  const service = await one.server.connect('strata_authenticator', 'strata');
  const { rows } = await service.query<{ status: string }>('select status from tenancy.place($1)', [
    id,
  ]);
  await service.end();
  return rows[0]?.status;
}

/** What the tenant's own database has of it; of others the registry itself. */
async function mirrored({ id, model }: Registered): Promise<unknown> {
  const client = await one.server.connect('postgres', placeOf(id, model).database);
  const { rows } = await client.query<{ status: string }>(
    'select status from registry.tenants where id = $1',
    [id],
  );
  await client.end();
  return rows[0]?.status;
}
