import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scanner } from '../../components/services/images/storage/scanner';
import { containerPaths } from '../../components/services/service';
import { clamav } from '../../components/services/storage/scanner';
import { Clamd, ClamdStandIn, eicar, noClamd, signature } from '../support/clamd';
import { settingsOf } from '../support/platform';
import { freePort } from '../support/ports';
import { pathOf, StorageClient, type Announced, type Got } from '../support/storage-client';
import { StorageWorld } from '../support/storage-world';
import { s3StandIn, type S3Folder } from '../tenancy/support/s3';
import { until } from '../support/until';

const fileBytes = 2_000_000;
const skipped = noClamd === undefined ? '' : ` (skipped: ${noClamd})`;
const refused = { status: 422, code: 'virus_found' };
const unavailable = { status: 503, code: 'scanner_unavailable' };

let storage: StorageWorld<S3Folder>;
let ann: StorageClient;
let nobody: StorageClient;

async function world(scanner: Clamd['where']): Promise<void> {
  storage = await StorageWorld.onFolder({ scanner });
  ann = await storage.as('ann');
  nobody = new StorageClient(storage.service.url);
}

/** Nothing of a refused file is left anywhere, and its room is given back. */
async function nothingIsKept(): Promise<void> {
  expect(storage.store.keys()).toEqual([]);
  expect(await storage.rows('select id from storage.files')).toEqual([]);
  expect(await storage.rows('select bytes::int, files::int from storage.tenant_usage')).toEqual([
    { bytes: 0, files: 0 },
  ]);
}

async function refusals(code: string): Promise<number> {
  const { text } = await nobody.send('GET', '/metrics');
  return Number(
    new RegExp(`^storage_refusals_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

/** The two ways in. */
const uploads: Record<string, (announced: Announced, content: Buffer) => Promise<Got>> = {
  'with a token': ({ file }, content) => ann.put(file.id, content),
  'by a signed link': ({ upload }, content) =>
    nobody.send('PUT', pathOf(upload.url), content, { 'content-length': content.length }),
};

const anything = 'application/octet-stream';

describe.skipIf(noClamd !== undefined)(`uploads before a real clamd ${s3StandIn}${skipped}`, () => {
  let clamd: Clamd;

  beforeAll(async () => {
    clamd = await Clamd.start(fileBytes);
    await world(clamd.where);
  });
  afterAll(async () => {
    await storage.stop();
    await clamd.stop();
  });

  test.each(Object.entries(uploads))('%s: what is clean is kept', async (_name, upload) => {
    const announced = await ann.announced(5);
    expect((await upload(announced, Buffer.from('hello'))).status).toBe(200);
    expect((await ann.get(announced.file.id)).text).toBe('hello');
    expect((await ann.send('DELETE', `/storage/files/${announced.file.id}`)).status).toBe(204);
    await nothingIsKept();
  });

  test.each(Object.entries(uploads))('%s: a virus is refused', async (_name, upload) => {
    const before = await refusals('virus_found');
    const announced = await ann.announced(eicar.length);
    expect(await upload(announced, Buffer.from(eicar))).toMatchObject(refused);
    expect(await refusals('virus_found')).toBe(before + 1);
    const said = storage.service.lines.filter((line) => line.includes(announced.file.id));
    expect(said.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'a virus was found',
        tenant: storage.world.acme.id,
        user: storage.world.ann.id,
        signature: 'Test.Eicar.UNOFFICIAL',
      }),
    );
    await nothingIsKept();
    const logged = await storage.rows(
      "select operation, user_id from audit.log where keys @> $1 and operation = 'delete'",
      [JSON.stringify([{ id: announced.file.id }])],
    );
    expect(logged).toEqual([{ operation: 'delete', user_id: storage.world.ann.id }]);
  });

  test('a virus is refused that comes byte by byte, late, packed, or at the very end', async () => {
    const byteByByte = await ann.announced(eicar.length);
    const slowly = Readable.from(Array.from(Buffer.from(eicar), (byte) => Buffer.from([byte])));
    expect(
      await ann.send('PUT', `/storage/files/${byteByByte.file.id}/content`, slowly, {
        'content-length': eicar.length,
      }),
    ).toMatchObject(refused);
    // The store sends 64 KiB at a time: the signature stands across the border of two of them.
    for (const content of [
      Buffer.from('x'.repeat(65_536 - 40) + eicar + 'y'),
      Buffer.from('x'.repeat(fileBytes - eicar.length) + eicar),
      gzipSync(eicar),
    ]) {
      const { file } = await ann.announced(content.length, anything);
      expect(await ann.put(file.id, content)).toMatchObject(refused);
    }
    await nothingIsKept();
  });

  test('what is too large to be searched when unpacked is refused, not called clean', async () => {
    const bomb = gzipSync(Buffer.alloc(410 * 2 ** 20));
    const { file } = await ann.announced(bomb.length, anything);
    expect(await ann.put(file.id, bomb)).toMatchObject({ status: 422, code: 'scan_incomplete' });
    await nothingIsKept();
  });

  test('a file that is longer than clamd takes is not kept', async () => {
    await clamd.configure(1000);
    const { file } = await ann.announced(5000);
    expect(await ann.put(file.id, 'x'.repeat(5000))).toMatchObject(unavailable);
    await nothingIsKept();
    await clamd.configure(fileBytes);
  });

  test('a clamd that is killed while it searches lets nothing pass, nor one that is not there', async () => {
    const kept = await ann.store('kept');
    clamd.freeze();
    const { file } = await ann.announced(5);
    const upload = ann.put(file.id, 'hello');
    await until(() => Promise.resolve(storage.store.keys().length === 2));
    expect((await ann.get(file.id)).status).toBe(404);
    await clamd.kill();
    expect(await upload).toMatchObject(unavailable);

    const another = await ann.announced(5);
    expect(await ann.put(another.file.id, 'hello')).toMatchObject(unavailable);
    expect(storage.store.keys()).toEqual([`${storage.world.acme.id}/${kept.id}`]);
    // What is there is shown all the same.
    expect((await ann.get(kept.id)).text).toBe('kept');
    expect((await nobody.send('GET', '/healthz')).status).toBe(200);

    await clamd.restart();
    expect((await ann.store('again')).status).toBe('ready');
  });
});

describe.skipIf(noClamd !== undefined)(`the start of clamd${skipped}`, () => {
  test('with nothing fetches signatures first (a stand-in for freshclam), and empties what a scan has left', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-clamav-'));
    const port = await freePort();
    const signatures = path.join(folder, 'clamav');
    mkdirSync(path.join(signatures, 'scan'), { recursive: true });
    writeFileSync(path.join(signatures, 'scan', 'left'), 'of somebody');
    writeFileSync(path.join(folder, 'own.ndb'), signature);
    const freshclam = path.join(folder, 'freshclam');
    writeFileSync(freshclam, `#!/bin/sh\ncp ${folder}/own.ndb ${signatures}/own.ndb\n`);
    chmodSync(freshclam, 0o755);
    const { files, entrypoint = [], command = [] } = clamav(settingsOf({ target: 'docker' }));
    const here = (text: string) =>
      text
        .replaceAll(containerPaths.files, folder)
        .replaceAll('/var/lib/clamav', signatures)
        .replace('TCPSocket 3310', `TCPSocket ${String(port)}\nTCPAddr 127.0.0.1`);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(folder, name), here(text as string));
    }
    const [shell = '', ...words] = [...entrypoint, ...command].map(here);
    const child = spawn(shell, words, {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}` },
      stdio: 'ignore',
      detached: true,
    });
    const ended = once(child, 'exit');
    try {
      const scanner = new Scanner({ host: '127.0.0.1', port, seconds: 30 });
      await until(() => isListening(port));
      await scanner.check(Readable.from([Buffer.from('hello')]), 5, {});
      const virus = Readable.from([Buffer.from(eicar)]);
      await expect(scanner.check(virus, eicar.length, {})).rejects.toMatchObject(refused);
      expect(readdirSync(path.join(signatures, 'scan'))).toEqual([]);
    } finally {
      // The shell that sleeps until it fetches again is of the same group.
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {
      resolve(false);
    });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe(`a file that is being searched (a stand-in answers for clamd) ${s3StandIn}`, () => {
  let clamd: ClamdStandIn;

  beforeAll(async () => {
    clamd = await ClamdStandIn.start();
    await world({ ...clamd.where, seconds: 30 });
  });
  afterAll(async () => {
    await storage.stop();
    await clamd.stop();
  });

  test('is shown to nobody by any way, and to all of them afterwards', async () => {
    let say: () => void = () => undefined;
    clamd.answer = (socket) => {
      say = () => socket.end('stream: OK\0');
    };
    const content = { name: 'a.txt', mimeType: 'text/plain', size: 5, visibility: 'public' };
    const { file } = JSON.parse((await ann.announce(content)).text) as Announced;
    const cdn = `/cdn/acme/${file.id}`;
    const upload = ann.put(file.id, 'hello');
    await until(() => Promise.resolve(clamd.got.length === 1));

    const link = await ann.json('POST', `/storage/files/${file.id}/links`, {});
    const seen = await Promise.all([ann.get(file.id), nobody.send('GET', cdn)]);
    expect([link, ...seen].map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await ann.send('GET', '/storage/files')).text).not.toContain(file.id);
    // Nor can it be made ready by another upload.
    expect(await ann.put(file.id, 'hello')).toMatchObject({ code: 'already_uploaded' });

    say();
    expect((await upload).status).toBe(200);
    const shown = [await ann.get(file.id), await nobody.send('GET', cdn)];
    expect(shown.map(({ text }) => text)).toEqual(['hello', 'hello']);
  });

  test('and is deleted meanwhile does not come back', async () => {
    clamd.got.length = 0;
    let say: () => void = () => undefined;
    clamd.answer = (socket) => {
      say = () => socket.end('stream: OK\0');
    };
    const { file } = await ann.announced(5);
    const upload = ann.put(file.id, 'hello');
    await until(() => Promise.resolve(clamd.got.length === 1));
    expect((await ann.send('DELETE', `/storage/files/${file.id}`)).status).toBe(204);
    say();
    expect(await upload).toMatchObject({ status: 409, code: 'file_deleted' });
    expect(storage.store.keys().filter((key) => key.endsWith(file.id))).toEqual([]);
  });
});
