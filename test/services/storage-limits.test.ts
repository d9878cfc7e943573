import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noGarage } from '../support/storage';
import { StorageWorld } from '../support/storage-world';
import type { Got, StorageClient } from '../support/storage-client';
import { until } from '../support/until';

let storage: StorageWorld;
let ann: StorageClient;

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('limits', { uploadSeconds: 2 });
  ann = await storage.as('ann');
});

afterAll(() => (noGarage === undefined ? storage.stop() : undefined));

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

interface Case {
  readonly name: string;
  readonly run: () => Promise<Got>;
  readonly gets: readonly [status: number, code: string];
}

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

async function lying(announced: number, content: string): Promise<Got> {
  const { file } = await ann.announced(announced);
  return ann.put(file.id, content);
}

const announce = (change: Record<string, unknown>) => () =>
  ann.announce({ name: 'a.txt', mimeType: 'text/plain', size: 3, ...change });

const content = (mimeType: string, text: string) => async (): Promise<Got> => {
  const bytes = Buffer.from(text, 'latin1');
  const { file } = await ann.announced(bytes.length, mimeType);
  return ann.put(file.id, bytes);
};

const mismatch = [415, 'content_type_mismatch'] as const;
const invalid = [400, 'request_invalid'] as const;

const refused: readonly Case[] = [
  {
    name: 'a longer content than announced',
    run: () => lying(3, 'abcd'),
    gets: [413, 'size_mismatch'],
  },
  {
    name: 'a shorter content than announced',
    run: () => lying(3, 'ab'),
    gets: [400, 'size_mismatch'],
  },
  {
    name: 'a content in chunks of no known length',
    run: async () => {
      const { file } = await ann.announced(3);
      return ann.send('PUT', `/storage/files/${file.id}/content`, Readable.from(['abc']), {
        'transfer-encoding': 'chunked',
      });
    },
    gets: [411, 'length_required'],
  },
  {
    name: 'a compressed content, which could be larger than it looks',
    run: async () => {
      const { file } = await ann.announced(3);
      return ann.put(file.id, 'abc', { 'content-encoding': 'gzip' });
    },
    gets: [415, 'encoding_unsupported'],
  },
  {
    name: 'HTML that says to be a PNG',
    run: content('image/png', '<html><script>'),
    gets: mismatch,
  },
  {
    name: 'HTML that says to be plain text',
    run: content('text/plain', ' <!-- --><SCRIPT >x'),
    gets: mismatch,
  },
  {
    name: 'a program that says to be JSON',
    run: content('application/json', 'MZ\x90\0'),
    gets: mismatch,
  },
  {
    name: 'a PNG that says to be a JPEG',
    run: content('image/jpeg', '\x89PNG\r\n\x1a\n'),
    gets: mismatch,
  },
  { name: 'nonsense that says to be a PNG', run: content('image/png', 'nonsense'), gets: mismatch },
  {
    name: 'a type that is not on the list',
    run: announce({ mimeType: 'application/x-sh' }),
    gets: [415, 'content_type_refused'],
  },
  {
    name: 'a type with a header in it',
    run: announce({ mimeType: 'text/plain\r\nx: y' }),
    gets: invalid,
  },
  {
    name: 'a larger file than allowed',
    run: announce({ size: 2_000_001 }),
    gets: [413, 'file_too_large'],
  },
  { name: 'a negative size', run: announce({ size: -1 }), gets: invalid },
  { name: 'a size that is no number', run: announce({ size: '3' }), gets: invalid },
  { name: 'a size with a fraction', run: announce({ size: 0.5 }), gets: invalid },
  {
    name: 'a path in the place of a name',
    run: announce({ name: '../../etc/passwd' }),
    gets: invalid,
  },
  {
    name: 'a Windows path in the place of a name',
    run: announce({ name: 'C:\\x' }),
    gets: invalid,
  },
  { name: 'a header in a name', run: announce({ name: 'a\r\nSet-Cookie: x' }), gets: invalid },
  { name: 'a name that ends a string', run: announce({ name: 'a\0.png' }), gets: invalid },
  {
    name: 'a name that turns the direction of writing',
    run: announce({ name: 'a\u202Egpj.exe' }),
    gets: invalid,
  },
  { name: 'a name without end', run: announce({ name: 'x'.repeat(256) }), gets: invalid },
  { name: 'a visibility that there is not', run: announce({ visibility: 'world' }), gets: invalid },
  { name: 'more than it asks for', run: announce({ status: 'ready', sha256: 'x' }), gets: invalid },
  {
    name: 'metadata of a megabyte',
    run: announce({ more: 'x'.repeat(1_000_000) }),
    gets: [413, 'request_invalid'],
  },
  {
    name: 'no JSON',
    run: () => ann.send('POST', '/storage/files', '{', { 'content-type': 'application/json' }),
    gets: invalid,
  },
  {
    name: 'a page of everything',
    run: () => ann.send('GET', '/storage/files?limit=100000'),
    gets: invalid,
  },
  {
    name: 'a page of nothing',
    run: () => ann.send('GET', '/storage/files?limit=0'),
    gets: invalid,
  },
  {
    name: 'a place in the list of its own making',
    run: () => ann.send('GET', '/storage/files?after=eyJ4IjoxfQ'),
    gets: invalid,
  },
];

describe.skipIf(noGarage !== undefined)(`an upload${skipped}`, () => {
  test.each(refused)('is refused for $name, and nothing stays', async ({ run, gets }) => {
    await wiped();
    const { status, code, text } = await run();
    expect([status, code], text).toEqual(gets);
    // What only was announced waits for its upload; what failed is gone.
    await storage.rows("update storage.files set status = 'deleting' where status = 'pending'");
    await storage.rows("delete from storage.files where status = 'deleting'");
    expect(await left()).toEqual([{ rows: 0, bytes: 0, of_users: 0 }]);
  });

  test('is taken for what it says it is', async () => {
    await wiped();
    const all = [
      content('image/png', '\x89PNG\r\n\x1a\n...'),
      content('image/svg+xml', '<svg onload="alert(1)">'),
      content('text/html', '<!doctype html><script>alert(1)</script>'),
      content('text/plain', 'just < text'),
      content('application/octet-stream', '<html>'),
      content('application/pdf', '%PDF-1.7'),
    ];
    for (const run of all) expect((await run()).status).toBe(200);
  });

  test('that stops half-way leaves nothing', async () => {
    await wiped();
    const { file } = await ann.announced(1_000_000);
    const { port } = new URL(storage.service.url);
    const socket = connect(Number(port), '127.0.0.1');
    const token = (ann as unknown as { token: string }).token;
    socket.write(
      `PUT /storage/files/${file.id}/content HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        `content-length: 1000000\r\n\r\n${'x'.repeat(200_000)}`,
    );
    const status = async () => (await storage.rows('select status from storage.files'))[0]?.status;
    await until(async () => (await status()) === 'uploading');
    socket.destroy();
    await until(async () => (await status()) === undefined);
    expect(await left()).toEqual([{ rows: 0, bytes: 0, of_users: 0 }]);
  });

  test('that never ends is ended', async () => {
    await wiped();
    const { file } = await ann.announced(10);
    const drip = new Readable({ read: () => undefined });
    drip.push('x');
    const { status, code } = await ann.send('PUT', `/storage/files/${file.id}/content`, drip, {
      'content-length': 10,
    });
    expect([status, code]).toEqual([408, 'upload_too_slow']);
    drip.destroy();
    expect(await left()).toEqual([{ rows: 0, bytes: 0, of_users: 0 }]);
  });

  test('is one of two at the same time for one file', async () => {
    await wiped();
    const { file } = await ann.announced(3);
    const answers = await Promise.all(['abc', 'xyz'].map((text) => ann.put(file.id, text)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers[0]?.status === 200 ? 'abc' : 'xyz';
    expect((await ann.get(file.id)).text).toBe(winner);
  });
});
