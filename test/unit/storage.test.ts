import fc from 'fast-check';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { linkKey, tenantKey } from '../../components/services/images/storage/derive';
import { answer } from '../../components/services/images/storage/download';
import { feed, Inspector } from '../../components/services/images/storage/inspector';
import { signLink, verifyLink, type Link } from '../../components/services/images/storage/links';
import { contentDisposition, nameProblem } from '../../components/services/images/storage/names';
import { readPage } from '../../components/services/images/storage/requests';
import { allows, fits, mayBeShown } from '../../components/services/images/storage/sniff';
import { seed } from '../support/random';
import { processorMs } from '../support/cost';

console.log(`storage: seed ${String(seed)}`);

const a = 'aaaaaaaa-0000-4000-8000-000000000001';
const b = 'bbbbbbbb-0000-4000-8000-000000000002';

describe('what is derived from the master secret', () => {
  test('has the form that Garage imports, and is always the same', () => {
    const key = tenantKey('master', a);
    expect(key.accessKeyId).toMatch(/^GK[0-9a-f]{24}$/);
    expect(key.secretAccessKey).toMatch(/^[0-9a-f]{64}$/);
    expect(tenantKey('master', a)).toEqual(key);
  });

  test('tells nothing of another tenant, another use, or the master', () => {
    const all = ['master', 'other'].flatMap((master) => [
      ...[a, b].flatMap((tenant) => {
        const { accessKeyId, secretAccessKey } = tenantKey(master, tenant);
        return [accessKeyId.slice(2), secretAccessKey.slice(0, 24), secretAccessKey.slice(24, 48)];
      }),
      Buffer.from(linkKey(master)).toString('hex').slice(0, 24),
    ]);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('a header with the name of a file', () => {
  test('is one line of ASCII with the name in it, for any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (name) => {
        fc.pre(!/\p{Surrogate}/u.test(name));
        const header = contentDisposition('attachment', name);
        expect(header).toMatch(
          /^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]*"; filename\*=UTF-8''[\w.~!%-]*$/,
        );
        expect(decodeURIComponent(header.split("UTF-8''")[1] ?? '')).toBe(name);
      }),
      { seed },
    );
  });
});

describe('a name', () => {
  test.each(['a', 'a b.txt', '漢字.pdf', 'é', '.hidden', 'x'.repeat(255), "O'Neil;.csv", '😀'])(
    'may be %j',
    (name) => {
      expect(nameProblem(name)).toBeUndefined();
    },
  );

  test.each([
    '',
    ' a',
    'a ',
    '.',
    '..',
    'a/b',
    'a\\b',
    'a\nb',
    'a\u0000',
    'e\u0301',
    'a\u202eb',
    'a\u200bb',
    '\ufeffa',
    'a\u00adb',
    'a\u061cb',
    'a\u{e0041}b',
    'a\ud800',
    'x'.repeat(256),
  ])('may not be %j', (name) => {
    expect(nameProblem(name)).toBeDefined();
  });
});

describe('the beginning of a file', () => {
  test.each([
    ['image/png', '\x89PNG\r\n\x1a\n', true],
    ['image/jpeg', '\xff\xd8\xff\xe0', true],
    ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 ', true],
    ['audio/x-wav', 'RIFF\x10\0\0\0WAVEfmt ', true],
    ['video/quicktime', '\0\0\0\x14ftypqt  ', true],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'PK\x03\x04', true],
    ['image/svg+xml', '<?xml version="1.0"?><svg>', true],
    ['text/csv', 'a;b\n', true],
    ['text/plain', '', true],
    ['image/png', '', true],
    ['application/octet-stream', 'MZ', true],
    ['image/png', '\xff\xd8\xff', false],
    ['image/png', 'plain', false],
    ['image/jpeg', '<svg >', false],
    ['text/plain', '\n\t<!doctype html>', false],
    ['text/csv', '<script >', false],
    ['text/csv', '\xef\xbb\xbf<html>', false],
    ['application/json', '\x7fELF', false],
    ['text/plain', '#!/bin/sh', false],
    ['video/mp4', 'PK\x03\x04', false],
    ['application/pdf', 'GIF89a', false],
    ['application/x-unknown', '%PDF-1', false],
  ] as const)('may be called %s: %j, %s', (type, head, fitting) => {
    expect(fits(Buffer.from(head, 'latin1'), type)).toBe(fitting);
  });

  test('is judged in no time, whatever it is made of', () => {
    const hard = ['<!--'.repeat(200), `<!--${'-->'.repeat(200)}`, ' '.repeat(600), '<'.repeat(600)];
    const judge = (): void => {
      for (const head of hard) fits(Buffer.from(head), 'text/plain');
    };
    expect(processorMs(judge)).toBeLessThan(200);
  });
});

describe('an upload that passes', () => {
  const pass = async (size: number, chunks: readonly string[]): Promise<string> => {
    const inspector = new Inspector(size, 'text/plain');
    const [read] = await Promise.all([
      text(inspector),
      feed(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), inspector),
    ]);
    return read;
  };

  test.each([[['abc']], [['a', 'bc']], [['a'.repeat(600), 'b'.repeat(600)]]])(
    'comes out as it went in: %#',
    async (chunks) => {
      const whole = chunks.join('');
      expect(await pass(whole.length, chunks)).toBe(whole);
    },
  );

  test.each([
    ['too short', 4, ['abc'], 'size_mismatch'],
    ['too long', 2, ['abc'], 'size_mismatch'],
    ['nothing', 1, [], 'size_mismatch'],
    [
      'something else, in small pieces',
      20,
      ['<', 'html>', '.'.repeat(14)],
      'content_type_mismatch',
    ],
  ])('is stopped when it is %s', async (_what, size, chunks, code) => {
    await expect(pass(size, chunks)).rejects.toMatchObject({ code });
  });
});

test('a list of types has those of a kind, and no other', () => {
  const list = ['image/*', 'text/csv'];
  expect(
    ['image/png', 'text/csv', 'text/plain', 'imagex/png', 'image'].map((t) => allows(list, t)),
  ).toEqual([true, true, false, false, false]);
  expect(allows(['*/*'], 'a/b')).toBe(true);
});

test('what can run is never shown', () => {
  const types = [
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/xml',
    'application/pdf',
    'video/a+xml',
    'audio/x+xml',
  ];
  expect(types.filter(mayBeShown)).toEqual([]);
  expect(mayBeShown('image/png')).toBe(true);
});

describe('where a page of the list begins', () => {
  const after = (time: string) => ({
    after: Buffer.from(JSON.stringify([time, a])).toString('base64url'),
  });

  test.each(['2024-02-29T23:59:59.999999Z', '0001-01-01T00:00:00.000000Z'])('may be %s', (time) => {
    expect(readPage(after(time))).toEqual({ limit: 50, after: { createdAt: time, id: a } });
  });

  test.each([
    '2024-02-30T00:00:00.000000Z',
    '2023-02-29T00:00:00.000000Z',
    '0000-01-01T00:00:00.000000Z',
    '2024-01-01T24:00:00.000000Z',
    '2024-13-01T00:00:00.000000Z',
  ])('may not be %s: the database would not take it', (time) => {
    expect(() => readPage(after(time))).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });
});

describe('a range', () => {
  const file = {
    tenantId: a,
    id: b,
    name: 'n',
    mimeType: 'text/plain',
    size: 10,
    sha256: 'f'.repeat(64),
  };

  test('is inside the file, or the whole file is sent, or it is refused', () => {
    const part = fc.oneof(fc.nat(30).map(String), fc.constant(''), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(part, part, (from, to) => {
        try {
          const { status, range, headers } = answer(file, {
            range: `bytes=${from}-${to}`,
            inline: false,
          });
          expect(status).toBe(range ? 206 : 200);
          if (!range) return;
          expect(range.first).toBeGreaterThanOrEqual(0);
          expect(range.last).toBeLessThan(10);
          expect(range.first).toBeLessThanOrEqual(range.last);
          expect(headers['content-length']).toBe(String(range.last - range.first + 1));
        } catch (error) {
          expect(error).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
        }
      }),
      { seed },
    );
  });
});

describe('a link', () => {
  const key = linkKey('master');
  const link: Link = {
    method: 'GET',
    fileId: b,
    actor: { tenantId: a, userId: a, role: 'tenant_member' },
    inline: true,
  };

  test('says again what was signed', async () => {
    const token = await signLink(key, link, 60);
    expect(await verifyLink(key, token, 'GET', b)).toEqual(link);
  });

  test('is not valid with any other character in it', async () => {
    const token = await signLink(key, link, 60);
    for (let at = 0; at < token.length - 1; at += 7) {
      const bent = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      await expect(verifyLink(key, bent, 'GET', b), String(at)).rejects.toMatchObject({
        status: 403,
      });
    }
  });
});
