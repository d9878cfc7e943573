import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { garage } from '../../components/services/images/storage/garage';
import { ObjectStore } from '../../components/services/images/storage/store';
import { exportTenant } from '../../provider/tenancy/export';
import { readExport } from '../../provider/tenancy/export-read';
import { bucketStore, garageBuckets } from '../../provider/tenancy/stores/bucket';
import type { TenantStore } from '../../provider/tenancy/stores/store';
import type { Tenant } from '../../provider/tenancy/tenant';
import { adminToken, master, noGarage, startGarage, type Garage } from '../support/storage';

let server: Garage;
let store: TenantStore;
let objects: ObjectStore;
const scratch = mkdtempSync(path.join(os.tmpdir(), 'strata-garage-'));

if (noGarage !== undefined) console.log(`skipped: ${noGarage}`);

beforeAll(async () => {
  if (noGarage !== undefined) return;
  server = await startGarage('tenants');
  const admin = { adminEndpoint: server.admin, adminToken };
  const quota = { bytes: 100_000_000, objects: 10_000 };
  const places = garage({ ...admin, endpoint: server.s3, region: 'garage', master, quota });
  objects = new ObjectStore(places);
  store = bucketStore(places, garageBuckets(admin, master, quota));
});

afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  if (noGarage === undefined) await server.remove();
});

function tenantNamed(slug: string): Tenant {
  return {
    id: randomUUID(),
    slug,
    name: slug,
    model: 'shared',
    shard: 'main',
    status: 'active',
    generation: 1,
  };
}

async function put(tenantId: string, id: string, content: Buffer): Promise<void> {
  const { signal } = new AbortController();
  await objects.put(tenantId, id, Readable.from([content]), content.length, signal);
}

/** Names of buckets and keys, as Garage's administrator sees them. */
async function names(): Promise<string> {
  const ask = async (what: string): Promise<string> =>
    (
      await fetch(`${server.admin}/v2/${what}`, {
        headers: { authorization: `Bearer ${adminToken}` },
      })
    ).text();
  return (await ask('ListBuckets')) + (await ask('ListKeys'));
}

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

describe.skipIf(noGarage !== undefined)(`a tenant's bucket in Garage${skipped}`, () => {
  test('is exported, imported elsewhere as the same bytes, and taken away with its key', async () => {
    const [one, two] = [tenantNamed('one'), tenantNamed('two')];
    await store.provision(one);
    // More than a page of a list has, one of them empty, one of them not small.
    const ids = Array.from({ length: 1_003 }, () => randomUUID());
    for (const [index, id] of ids.entries()) {
      await put(one.id, id, Buffer.alloc(index === 1 ? 9_000_000 : index % 7, `${index}`));
    }
    const first = await exportTenant([store], one, path.join(scratch, 'one'));
    const source = await readExport(path.join(scratch, 'one'));
    expect(source.manifest.objects.map(({ id }) => id)).toEqual([...ids].sort());
    expect(readdirSync(path.join(scratch, 'one/objects')).sort()).toEqual([...ids].sort());

    await store.provision(two);
    await put(two.id, randomUUID(), Buffer.from('of an import that was interrupted'));
    await store.import(two, source);
    await exportTenant([store], two, path.join(scratch, 'two'));
    expect((await readExport(path.join(scratch, 'two'))).manifest.objects).toEqual(
      source.manifest.objects,
    );
    expect(first.sha256).toBe(source.sha256);

    expect(await store.leftovers(one.id)).toHaveLength(1_004);
    await store.remove(one);
    expect(await store.leftovers(one.id)).toEqual([]);
    expect(await names()).not.toContain(one.id);
    expect(await names()).toContain(two.id);
    // Looking for it has not made it again, and taking it away again changes nothing.
    await store.remove(one);
    expect(await names()).not.toContain(one.id);
  });

  test('is made again for the same tenant after it was taken away', async () => {
    const tenant = tenantNamed('again');
    await store.provision(tenant);
    await put(tenant.id, randomUUID(), Buffer.from('x'));
    await store.remove(tenant);
    await store.provision(tenant);
    const file = randomUUID();
    await put(tenant.id, file, Buffer.from('y'));
    expect(await store.leftovers(tenant.id)).toEqual([
      `bucket tenant-${tenant.id}`,
      `object ${tenant.id}/${file}`,
    ]);
  });
});
