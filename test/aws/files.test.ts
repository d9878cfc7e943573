import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bucketFromEnvironment, oneBucket } from '../../components/services/images/storage/bucket';
import { ObjectStore } from '../../components/services/images/storage/store';
import { Moto, whyNoMoto } from '../support/aws/moto';

const tenant = 'aaaaaaaa-0000-4000-8000-000000000001';
const bucket = 'storage-1-0a1b2c3';

describe.skipIf(whyNoMoto())('files in a bucket that keeps versions (moto for S3)', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-files-'));
  let moto: Moto;
  let store: ObjectStore;

  beforeAll(async () => {
    moto = await Moto.start();
    const made = { CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } };
    moto.call('s3', 'create_bucket', { Bucket: bucket, ...made });
    moto.call('s3', 'put_bucket_versioning', {
      Bucket: bucket,
      VersioningConfiguration: { Status: 'Enabled' },
    });
    for (const [name, value] of Object.entries({
      S3_BUCKET: `${bucket}\n`,
      S3_ACCESS_KEY: 'test',
      S3_SECRET_KEY: 'test',
    })) {
      const file = path.join(folder, name);
      writeFileSync(file, value);
      vi.stubEnv(`${name}_FILE`, file);
    }
    const rules = { endpoint: moto.endpoint, region: 'eu-central-1', pathStyle: true };
    const places = oneBucket({ ...rules, ...bucketFromEnvironment({}) });
    await places.check();
    store = new ObjectStore(places);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
    await moto.stop();
  });

  async function put(id: string, content: string): Promise<void> {
    const body = Readable.from([Buffer.from(content)]);
    await store.put(tenant, id, body, content.length, new AbortController().signal);
  }

  async function listed(): Promise<string[]> {
    const found: string[] = [];
    for await (const { id, size } of store.list(tenant)) found.push(`${id} ${String(size)}`);
    return found;
  }

  test('are kept, read in parts, listed and removed by what the release hands over', async () => {
    await put('one', 'content of one');
    await put('two', 'two');
    expect(await text(await store.get(tenant, 'one', { first: 0, last: 6 }))).toBe('content');
    expect(await listed()).toEqual(['one 14', 'two 3']);
    await store.remove(tenant, 'one');
    expect([await store.has(tenant, 'one'), await listed()]).toEqual([false, ['two 3']]);
    await expect(store.get(tenant, 'one', undefined)).rejects.toMatchObject({ status: 410 });
  });

  test('are there as a version after they were removed, which the service never ends', async () => {
    await put('gone', 'not lost');
    await store.remove(tenant, 'gone');
    const { Versions, DeleteMarkers } = moto.call('s3', 'list_object_versions', {
      Bucket: bucket,
      Prefix: `${tenant}/gone`,
    }) as unknown as { Versions: { Size: number }[]; DeleteMarkers: unknown[] };
    expect([Versions.map(({ Size }) => Size), DeleteMarkers.length]).toEqual([[8], 1]);
  });

  test('a bucket that is not there is told at once', async () => {
    const places = oneBucket({
      ...bucketFromEnvironment({ bucket: 'storage-1-other' }),
      endpoint: moto.endpoint,
      region: 'eu-central-1',
      pathStyle: true,
    });
    await expect(places.check()).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });
});
