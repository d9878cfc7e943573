import {
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneBucket } from '../../components/services/images/storage/bucket';
import { tenantKey } from '../../components/services/images/storage/derive';
import { garage } from '../../components/services/images/storage/garage';
import { ObjectStore, type Places } from '../../components/services/images/storage/store';
import { adminToken, master, noGarage, startGarage, type Garage } from '../support/storage';
import { until } from '../support/until';

const a = 'aaaaaaaa-0000-4000-8000-000000000001';
const b = 'bbbbbbbb-0000-4000-8000-000000000002';
const file = '00000000-0000-4000-8000-00000000000f';

let store: Garage;

beforeAll(async () => {
  if (noGarage === undefined) store = await startGarage('direct');
});

afterAll(() => (noGarage === undefined ? store.remove() : undefined));

function places(quota = { bytes: 1_000_000, objects: 10 }): Places {
  const { s3: endpoint, admin: adminEndpoint } = store;
  return garage({ endpoint, adminEndpoint, region: 'garage', adminToken, master, quota });
}

async function put(to: ObjectStore, tenant: string, id: string, content: string): Promise<void> {
  const body = Readable.from([Buffer.from(content)]);
  await to.put(tenant, id, body, content.length, new AbortController().signal);
}

/** What somebody who has a tenant's key can do at the store itself. */
function direct(tenant: string): S3Client {
  return new S3Client({
    endpoint: store.s3,
    region: 'garage',
    forcePathStyle: true,
    credentials: tenantKey(master, tenant),
  });
}

/** Garage counts a moment later: its quota alone would let uploads race past it. */
async function counted(tenant: string, objects: number): Promise<void> {
  const url = `${store.admin}/v2/GetBucketInfo?globalAlias=tenant-${tenant}`;
  const headers = { authorization: `Bearer ${adminToken}` };
  await until(async () => {
    const info = (await (await fetch(url, { headers })).json()) as { objects: number };
    return info.objects === objects;
  });
}

const forbidden = { $metadata: expect.objectContaining({ httpStatusCode: 403 }) as unknown };
const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

describe.skipIf(noGarage !== undefined)(`a bucket and a key for each tenant${skipped}`, () => {
  test('open to each its own, and nothing of the other', async () => {
    const both = new ObjectStore(places());
    await put(both, a, file, 'of a');
    await put(both, b, file, 'of b');
    const key = `${a}/${file}`;
    const own = { Bucket: `tenant-${a}`, Key: key };
    const other = { Bucket: `tenant-${b}`, Key: `${b}/${file}` };
    const { Body } = await direct(a).send(new GetObjectCommand(own));
    expect(await Body?.transformToString()).toBe('of a');

    await expect(direct(a).send(new GetObjectCommand(other))).rejects.toMatchObject(forbidden);
    await expect(
      direct(a).send(new ListObjectsV2Command({ Bucket: other.Bucket })),
    ).rejects.toMatchObject(forbidden);
    await expect(
      direct(a).send(new PutObjectCommand({ ...other, Body: 'overwritten' })),
    ).rejects.toMatchObject(forbidden);
    const { Buckets } = await direct(a).send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([own.Bucket]);
    expect(await text(await both.get(b, file, undefined))).toBe('of b');
  });

  test('open nothing to whoever has none, or only the master secret', async () => {
    const bare = await fetch(`${store.s3}/tenant-${a}/${a}/${file}`);
    expect(bare.status).toBe(403);
    const guess = new S3Client({
      endpoint: store.s3,
      region: 'garage',
      forcePathStyle: true,
      credentials: { ...tenantKey(master, a), secretAccessKey: master },
    });
    await expect(guess.send(new ListBucketsCommand({}))).rejects.toMatchObject(forbidden);
  });

  test('are made again without a change, by two replicas at once too', async () => {
    const tenant = 'cccccccc-0000-4000-8000-000000000003';
    await Promise.all([places().of(tenant), places().of(tenant)]);
    const again = new ObjectStore(places());
    await put(again, tenant, file, 'kept');
    await places().of(tenant);
    expect(await text(await again.get(tenant, file, undefined))).toBe('kept');
  });

  test('have the quota of the store itself behind them', async () => {
    const tenant = 'dddddddd-0000-4000-8000-000000000004';
    const tight = new ObjectStore(places({ bytes: 1000, objects: 2 }));
    await put(tight, tenant, '1', 'x'.repeat(600));
    await counted(tenant, 1);
    await expect(put(tight, tenant, '2', 'x'.repeat(600))).rejects.toMatchObject({
      status: 413,
      code: 'quota_exceeded',
    });
    await put(tight, tenant, '2', 'x');
    await counted(tenant, 2);
    await expect(put(tight, tenant, '3', 'x')).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  test('are administered with the token only', async () => {
    const ask = (token?: string) =>
      fetch(`${store.admin}/v2/ListKeys`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
    expect((await ask(adminToken)).status).toBe(200);
    expect([(await ask()).status, (await ask('wrong')).status]).toEqual([403, 403]);
  });
});

describe.skipIf(noGarage !== undefined)(`one bucket of somebody else${skipped}`, () => {
  test('has a prefix for each tenant, and lists one alone', async () => {
    // A bucket that Garage made stands for any S3.
    const owner = 'eeeeeeee-0000-4000-8000-000000000005';
    const { bucket } = await places().of(owner);
    const one = oneBucket({
      endpoint: store.s3,
      region: 'garage',
      bucket,
      pathStyle: true,
      ...tenantKey(master, owner),
    });
    await one.check();
    const shared = new ObjectStore(one);
    await put(shared, a, file, 'of a');
    await put(shared, b, file, 'of b');
    expect(await text(await shared.get(a, file, { first: 3, last: 3 }))).toBe('a');
    const listed: string[] = [];
    for await (const { id, size } of shared.list(a)) listed.push(`${id} ${String(size)}`);
    expect(listed).toEqual([`${file} 4`]);
    await shared.remove(a, file);
    expect([await shared.has(a, file), await shared.has(b, file)]).toEqual([false, true]);
    await expect(shared.get(a, file, undefined)).rejects.toMatchObject({ status: 410 });
  });
});
