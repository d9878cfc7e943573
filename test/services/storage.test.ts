import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileView } from '../../components/services/images/storage/views';
import { noGarage } from '../support/storage';
import { StorageWorld } from '../support/storage-world';
import { pathOf, StorageClient } from '../support/storage-client';
import { until } from '../support/until';

let storage: StorageWorld;
let ann: StorageClient;
let bob: StorageClient;
let nobody: StorageClient;

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('flow');
  ann = await storage.as('ann');
  bob = await storage.as('bob');
  nobody = new StorageClient(storage.service.url);
});

afterAll(() => (noGarage === undefined ? storage.stop() : undefined));

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

describe.skipIf(noGarage !== undefined)(`files of a tenant${skipped}`, () => {
  test('are announced, uploaded, and read as they were', async () => {
    const content = randomBytes(1_500_000);
    const announced = await bob.announce({
      name: 'Größe 漢字.bin',
      mimeType: 'application/octet-stream',
      size: content.length,
    });
    expect(announced.status).toBe(201);
    const { file } = JSON.parse(announced.text) as { file: FileView };
    expect((await bob.put(file.id, content)).status).toBe(200);

    const { status, headers, body } = await bob.get(file.id);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(status).toBe(200);
    expect(body.equals(content)).toBe(true);
    expect(headers).toMatchObject({
      etag: `"${sha256}"`,
      'content-type': 'application/octet-stream',
      'content-length': String(content.length),
      'content-disposition':
        'attachment; filename="Gr__e __.bin"; filename*=UTF-8\'\'Gr%C3%B6%C3%9Fe%20%E6%BC%A2%E5%AD%97.bin',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'cache-control': 'private, no-cache',
    });
    const seen = JSON.parse((await bob.send('GET', `/storage/files/${file.id}`)).text) as {
      file: FileView;
    };
    expect(seen.file).toEqual({ ...file, status: 'ready', sha256 });
  });

  test('may be empty', async () => {
    const { id } = await ann.store('');
    expect(await ann.get(id)).toMatchObject({ status: 200, text: '' });
  });

  test('are served on when Postgres ends a connection in the midst of a request', async () => {
    const { id } = await ann.store('kept');
    const admin = await storage.postgres.connect('postgres', 'storage');
    const waiting = `application_name = 'storage' and wait_event_type = 'Lock'`;
    await admin.query('begin; lock table storage.files');
    const asked = ann.get(id);
    await until(
      async () => (await storage.rows(`select from pg_stat_activity where ${waiting}`)).length > 0,
    );
    await storage.rows(`select pg_terminate_backend(pid) from pg_stat_activity where ${waiting}`);
    await admin.query('rollback');
    await admin.end();
    expect((await asked).status).toBeGreaterThanOrEqual(500);
    expect(await ann.get(id)).toMatchObject({ status: 200, text: 'kept' });
  });

  test('are uploaded by a signed link without a token, once', async () => {
    const { file, upload } = await ann.announced(5);
    const link = pathOf(upload.url);
    const first = await nobody.send('PUT', link, 'hello', { 'content-length': 5 });
    expect(first.status).toBe(200);
    expect(await nobody.send('PUT', link, 'HELLO', { 'content-length': 5 })).toMatchObject({
      status: 409,
      code: 'already_uploaded',
    });
    expect((await ann.get(file.id)).text).toBe('hello');
  });

  test('are read by a signed link without a token', async () => {
    const { id } = await ann.store('hello');
    const { status, text, headers } = await nobody.send('GET', await ann.link(id));
    expect({ status, text, referrer: headers['referrer-policy'] }).toEqual({
      status: 200,
      text: 'hello',
      referrer: 'no-referrer',
    });
  });

  test('are read in parts, and not at all when the reader has them', async () => {
    const { id, sha256 } = await ann.store('0123456789');
    const part = await ann.get(id, { range: 'bytes=2-4' });
    expect([part.status, part.text, part.headers['content-range']]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    expect((await ann.get(id, { range: 'bytes=-3' })).text).toBe('789');
    expect((await ann.get(id, { range: 'bytes=8-' })).text).toBe('89');
    expect((await ann.get(id, { range: 'bytes=2-4', 'if-range': '"other"' })).text).toBe(
      '0123456789',
    );
    const known = await ann.get(id, { 'if-none-match': `"${sha256 ?? ''}"` });
    expect([known.status, known.text]).toEqual([304, '']);
  });

  test('are listed newest first, in pages', async () => {
    const gus = await storage.as('gus');
    const made: string[] = [];
    for (const name of ['1.txt', '2.txt', '3.txt'])
      made.unshift((await gus.store('x', { name })).id);
    await gus.announced(3);
    const read = async (query: string) =>
      JSON.parse((await gus.send('GET', `/storage/files${query}`)).text) as {
        files: FileView[];
        next: string | null;
      };
    const first = await read('?limit=2');
    const second = await read(`?limit=2&after=${String(first.next)}`);
    expect([...first.files, ...second.files].map(({ id }) => id)).toEqual(made);
    expect(second.next).toBeNull();
  });

  test('that are public are read by anybody at the CDN, until they are deleted', async () => {
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(100)]);
    const file = await bob.store(png, {
      name: 'logo.png',
      mimeType: 'image/png',
      visibility: 'public',
    });
    expect(file.publicUrl).toBe(`https://cdn.example.test/acme/${file.id}`);
    const path = `/cdn/acme/${file.id}`;
    const { status, headers, body } = await nobody.send('GET', path);
    expect(status).toBe(200);
    expect(body.equals(png)).toBe(true);
    expect(headers).toMatchObject({
      'cache-control': 'public, max-age=300',
      'content-disposition': 'inline; filename="logo.png"; filename*=UTF-8\'\'logo.png',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect((await bob.send('DELETE', `/storage/files/${file.id}`)).status).toBe(204);
    expect((await nobody.send('GET', path)).status).toBe(404);
  });

  test('that are deleted give their room back, and leave neither row nor object', async () => {
    const kept = () =>
      storage.rows('select bytes, files from storage.tenant_usage where tenant_id = $1', [
        storage.world.acme.id,
      ]);
    const before = await kept();
    const { id } = await ann.store('x'.repeat(1000));
    expect(await kept()).not.toEqual(before);
    expect((await ann.send('DELETE', `/storage/files/${id}`)).status).toBe(204);
    expect(await kept()).toEqual(before);
    expect((await ann.get(id)).status).toBe(404);
    expect(await storage.rows('select id from storage.files where id = $1', [id])).toEqual([]);
  });

  test('are deleted by an admin, and by no other member', async () => {
    const own = await bob.store('own');
    const shared = await ann.store('shared', { visibility: 'tenant' });
    expect(await bob.send('DELETE', `/storage/files/${shared.id}`)).toMatchObject({
      status: 403,
      code: 'not_yours',
    });
    expect((await ann.send('DELETE', `/storage/files/${own.id}`)).status).toBe(204);
    expect((await bob.get(shared.id)).text).toBe('shared');
  });
});

describe.skipIf(noGarage !== undefined)(`the service${skipped}`, () => {
  test('counts what it does, with a line for each of few tenants', async () => {
    const { text } = await nobody.send('GET', '/metrics');
    expect(text).toMatch(/storage_bytes_total\{direction="in"\} \d+/);
    expect(text).toMatch(/storage_tenant_bytes\{tenant="acme"\} \d+/);
    expect(text).toMatch(/storage_tenant_files\{tenant="globex"\} 4/);
  });

  test('writes a line for each request, without the signature of a link', async () => {
    const { id } = await ann.store('hello');
    const link = await ann.link(id);
    await nobody.send('GET', link, undefined, { 'x-request-id': 'follow-me' });
    const { lines } = storage.service;
    const find = () => lines.find((text) => text.includes('follow-me'));
    await until(() => Promise.resolve(find() !== undefined));
    expect(JSON.parse(find() ?? '{}')).toMatchObject({
      requestId: 'follow-me',
      tenant: storage.world.acme.id,
      path: `/storage/signed/${id}`,
      status: 200,
    });
    expect(lines.join('\n')).not.toMatch(/token|eyJ|Bearer/);
  });

  test('is healthy only while the store answers', async () => {
    expect((await nobody.send('GET', '/healthz')).status).toBe(200);
    await storage.store.pause();
    try {
      expect((await nobody.send('GET', '/healthz')).status).toBe(503);
    } finally {
      await storage.store.unpause();
    }
    expect((await nobody.send('GET', '/healthz')).status).toBe(200);
  });
});
