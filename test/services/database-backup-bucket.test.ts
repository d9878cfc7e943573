import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bucketJob, ownStore } from '../../components/services/database/place';
import { clientFactory } from '../../components/services/images/storage/client';
import { tenantKey } from '../../components/services/images/storage/derive';
import { garage } from '../../components/services/images/storage/garage';
import { standalone } from '../../engine/loader';
import { adminToken, master, noGarage, startGarage, type Garage } from '../support/storage';

const tenant = 'aaaaaaaa-0000-4000-8000-000000000001';
const { bucket, region } = ownStore;
const key = { accessKeyId: `GK${'0123456789ab'.repeat(2)}`, secretAccessKey: 'cd'.repeat(32) };
const object = { Key: 'database/archive.info', Body: 'encrypted' };
const file = { Key: `${tenant}/file`, Body: 'of a tenant' };
const forbidden = { $metadata: expect.objectContaining({ httpStatusCode: 403 }) as unknown };
const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let store: Garage;
const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-bucket-'));

/** The job's program as the process that its container runs. */
function runJob(token = adminToken, adminEndpoint = store.admin): Promise<Ended> {
  const texts = { KEY_ID: key.accessKeyId, KEY: key.secretAccessKey, ADMIN_TOKEN: token };
  const files = Object.entries(texts).map(([name, text]) => {
    const at = path.join(folder, name);
    writeFileSync(at, text);
    return [`${name}_FILE`, at];
  });
  const paths = Object.fromEntries(files) as Record<string, string>;
  const env = { BUCKET: bucket, ADMIN_ENDPOINT: adminEndpoint, ...paths };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(folder, 'apply.cjs')],
      { env },
      (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      },
    );
  });
}

async function ask(words: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminToken}` };
  return (await fetch(`${store.admin}/v2/${words}`, { headers })).json();
}

async function everything(): Promise<unknown[]> {
  const known = await Promise.all([ask('ListKeys'), ask('ListBuckets')]);
  return [...known, await ask(`GetBucketInfo?globalAlias=${bucket}`)];
}

function clientOf(credentials: typeof key) {
  return clientFactory()({ endpoint: store.s3, region, pathStyle: true, ...credentials });
}

beforeAll(async () => {
  if (noGarage !== undefined) return;
  const [entry = ''] = Object.values(bucketJob().program?.entries ?? {});
  writeFileSync(path.join(folder, 'apply.cjs'), standalone(entry));
  store = await startGarage('backup-bucket');
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  if (noGarage === undefined) await store.remove();
});

describe.skipIf(noGarage !== undefined)(`the bucket of backups${skipped}`, () => {
  test('is there once the job has ended, and opens to its key alone', async () => {
    expect(await runJob()).toEqual({
      code: 0,
      stdout: 'the bucket strata-backups is there, and so is its key\n',
      stderr: '',
    });
    expect(await ask(`GetBucketInfo?globalAlias=${bucket}`)).toMatchObject({
      globalAliases: [bucket],
      websiteAccess: false,
      keys: [
        {
          accessKeyId: key.accessKeyId,
          permissions: { read: true, write: true, owner: false },
        },
      ],
      quotas: { maxSize: null, maxObjects: null },
    });
    await clientOf(key).send(new PutObjectCommand({ Bucket: bucket, ...object }));
    expect((await fetch(`${store.s3}/${bucket}/${object.Key}`)).status).toBe(403);
  });

  test('and its key stay as they are when the job runs again, twice at once too', async () => {
    const before = await everything();
    const ended = await Promise.all([runJob(), runJob()]);
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect(await everything()).toEqual(before);
    const { Body } = await clientOf(key).send(
      new GetObjectCommand({ Bucket: bucket, Key: object.Key }),
    );
    expect(await Body?.transformToString()).toBe(object.Body);
  });

  test('opens to no tenant’s key, and its key opens no tenant’s bucket', async () => {
    const { s3: endpoint, admin: adminEndpoint } = store;
    const quota = { bytes: 1_000_000, objects: 10 };
    const places = garage({ endpoint, adminEndpoint, region, adminToken, master, quota });
    const own = await places.of(tenant);
    await own.client.send(new PutObjectCommand({ Bucket: own.bucket, ...file }));

    for (const [client, theirs, known] of [
      [clientOf(key), own.bucket, file],
      [clientOf(tenantKey(master, tenant)), bucket, object],
    ] as const) {
      const read = client.send(new GetObjectCommand({ Bucket: theirs, Key: known.Key }));
      await expect(read).rejects.toMatchObject(forbidden);
      const list = client.send(new ListObjectsV2Command({ Bucket: theirs }));
      await expect(list).rejects.toMatchObject(forbidden);
      const write = client.send(new PutObjectCommand({ Bucket: theirs, ...known }));
      await expect(write).rejects.toMatchObject(forbidden);
    }
  });

  test('has no limit that storage sets for tenants, also after storage made one', async () => {
    expect(await ask(`GetBucketInfo?globalAlias=${bucket}`)).toMatchObject({
      quotas: { maxSize: null, maxObjects: null },
    });
    expect(await ask(`GetBucketInfo?globalAlias=tenant-${tenant}`)).toMatchObject({
      quotas: { maxSize: 1_000_000, maxObjects: 10 },
    });
  });

  test('is not made with a wrong token: the job says who refuses what, and shows no secret', async () => {
    const token = 'w'.repeat(40);
    const { code, stdout, stderr } = await runJob(token);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `the bucket ${bucket}: the object store refuses the admin token (ImportKey: 403`,
    );
    const secrets = [token, key.secretAccessKey];
    expect(secrets.filter((secret) => stderr.includes(secret))).toEqual([]);
  });

  test('needs a store that answers: the job says where it asked', async () => {
    const nobody = 'http://127.0.0.1:9';
    expect(await runJob(adminToken, nobody)).toEqual({
      code: 1,
      stdout: '',
      stderr: `the bucket ${bucket}: the object store does not answer at ${nobody}\n`,
    });
  });
});
