import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scanner } from '../../components/services/images/storage/scanner';
import type { Source } from '../../provider/tenancy/export-read';
import type { Tenant } from '../../provider/tenancy/tenant';
import { bucketStore } from '../../provider/tenancy/stores/bucket';
import { ClamdStandIn } from '../support/clamd';
import { S3Folder, s3StandIn } from './support/s3';

let s3: S3Folder;
let clamd: ClamdStandIn;

beforeAll(async () => {
  s3 = await S3Folder.start();
  clamd = await ClamdStandIn.start();
});

afterAll(async () => {
  await s3.stop();
  await clamd.stop();
});

/** An export that has these files and nothing else. */
function exportOf(...contents: string[]): { source: Source; ids: string[] } {
  const ids = contents.map(() => randomUUID());
  const objects = contents.map((content, index) => ({
    id: ids[index] ?? '',
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  }));
  const open = (file: string): Readable =>
    Readable.from([Buffer.from(contents[ids.findIndex((id) => file.includes(id))] ?? '')]);
  return { ids, source: { manifest: { objects }, open } as unknown as Source };
}

const tenant = { id: randomUUID() } as Tenant;

describe(`an import ${s3StandIn} (and another for clamd)`, () => {
  test('is searched file by file, and what is found never stands in the store', async () => {
    const store = bucketStore(s3.places, undefined, new Scanner(clamd.where));
    clamd.answer = (socket) => {
      const found = clamd.got.at(-1)?.includes('virus') ?? false;
      socket.end(found ? 'stream: Own FOUND\0' : 'stream: OK\0');
    };
    const { source, ids } = exportOf('clean', 'a virus', 'later');
    await expect(store.import(tenant, source)).rejects.toThrow('a virus was found');
    expect(s3.keys()).toEqual([`${tenant.id}/${ids[0] ?? ''}`]);

    const good = exportOf('clean', 'clean too');
    await store.import(tenant, good.source);
    expect(s3.keys()).toEqual(good.ids.map((id) => `${tenant.id}/${id}`).sort());
  });

  test('is not made while nobody can search it', async () => {
    const store = bucketStore(s3.places, undefined, new Scanner(clamd.where));
    clamd.answer = (socket) => socket.resetAndDestroy();
    await expect(store.import(tenant, exportOf('clean').source)).rejects.toThrow(
      'cannot be searched',
    );
    expect(s3.keys()).toEqual([]);
  });
});
