import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noGarage } from '../support/storage';
import { StorageWorld } from '../support/storage-world';
import type { StorageClient } from '../support/storage-client';

let storage: StorageWorld;
let ann: StorageClient;
let bob: StorageClient;

const limits = {
  fileBytes: 2_000_000,
  tenantBytes: 3_000_000,
  tenantFiles: 30,
  userBytes: 2_500_000,
  userFiles: 20,
};

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('quota', { limits });
  ann = await storage.as('ann');
  bob = await storage.as('bob');
});

afterAll(() => (noGarage === undefined ? storage.stop() : undefined));

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

/** What is left of an upload: neither a row nor room taken. */
async function left(): Promise<unknown> {
  return storage.rows(
    `select (select count(*)::int from storage.files) as rows,
       (select coalesce(sum(bytes), 0)::int from storage.tenant_usage) as bytes,
       (select coalesce(sum(bytes), 0)::int from storage.user_usage) as of_users`,
  );
}

async function wiped(): Promise<void> {
  await storage.rows("update storage.files set status = 'deleting'");
  await storage.rows('delete from storage.files');
}

describe.skipIf(noGarage !== undefined)(`a quota${skipped}`, () => {
  const size = 250_000;

  async function race(count: number, by: StorageClient): Promise<number[]> {
    const answers = await Promise.all(
      Array.from({ length: count }, () =>
        by.announce({ name: 'a.txt', mimeType: 'text/plain', size }),
      ),
    );
    return answers.map(({ status }) => status);
  }

  test('of a member lets exactly as much through as it says, of 20 at once', async () => {
    await wiped();
    const answers = await race(20, bob);
    expect(answers.filter((status) => status === 201)).toHaveLength(10);
    expect(answers.filter((status) => status === 413)).toHaveLength(10);
    expect(await left()).toEqual([{ rows: 10, bytes: 2_500_000, of_users: 2_500_000 }]);
  });

  test('of a tenant holds its members together', async () => {
    expect((await race(20, ann)).filter((status) => status === 201)).toHaveLength(2);
    expect(await left()).toEqual([{ rows: 12, bytes: 3_000_000, of_users: 3_000_000 }]);
    expect(await ann.announce({ name: 'a', mimeType: 'text/plain', size: 1 })).toMatchObject({
      status: 413,
      code: 'quota_exceeded',
    });
    const gus = await storage.as('gus');
    expect((await race(1, gus))[0]).toBe(201);
  });

  test('of files counts empty ones', async () => {
    await wiped();
    const answers = await Promise.all(
      Array.from({ length: 25 }, () =>
        bob.announce({ name: 'a.txt', mimeType: 'text/plain', size: 0 }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
  });
});

describe.skipIf(noGarage !== undefined)(`a download${skipped}`, () => {
  const script = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">';

  test('of what can run is for saving, whatever is asked', async () => {
    await wiped();
    for (const [mimeType, text] of [
      ['image/svg+xml', script],
      ['text/html', '<html><script>alert(1)</script>'],
      ['application/pdf', '%PDF-1.7'],
    ] as const) {
      const { id } = await ann.store(text, { mimeType });
      const { headers } = await ann.get(id, {}, '?inline=true');
      expect(headers['content-disposition']).toMatch(/^attachment;/);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    const { id } = await ann.store('plain');
    const shown = await ann.get(id, {}, '?inline=true');
    expect(shown.headers['content-disposition']).toMatch(/^inline;/);
  });

  test('of a thousand ranges is one of the whole file, and one outside the file is refused', async () => {
    const { id } = await ann.store('0123456789');
    const many = `bytes=${Array.from({ length: 1000 }, () => '0-1').join(',')}`;
    expect(await ann.get(id, { range: many })).toMatchObject({ status: 200, text: '0123456789' });
    const outside = await ann.get(id, { range: 'bytes=10-' });
    expect([outside.status, outside.headers['content-range']]).toEqual([416, 'bytes */10']);
    for (const odd of ['bytes=5-2', 'bytes=-', 'items=0-1', 'bytes=0-1;']) {
      expect((await ann.get(id, { range: odd })).status, odd).toBe(200);
    }
  });

  test('gives a name of any kind in a header of one line', async () => {
    const name = `a"b;c'%0d%0a(é)*\u{1F600}.txt`;
    const { id } = await ann.store('x', { name });
    expect((await ann.get(id)).headers['content-disposition']).toBe(
      `attachment; filename="a_b;c'_0d_0a(_)*_.txt"; filename*=UTF-8''a%22b%3Bc%27%250d%250a%28%C3%A9%29%2A%F0%9F%98%80.txt`,
    );
  });
});
