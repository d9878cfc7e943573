import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { imageNames, pinned } from '../../components/services/images';
import { runCommand, type Outcome } from '../support/command';
import { removeProject, temporaryProject } from '../support/local';
import { freePort } from '../support/ports';

const folder = temporaryProject();
const { lockImagesCommand } = await import('../../engine/commands/lock-images');
const { Registries } = await import('../../engine/registry');
const lock = path.join(folder, 'images.lock.json');
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer = () => undefined;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(
    `${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? '-'}`,
  );
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const registries = new Registries();

beforeEach(() => {
  writeFileSync(lock, '{}\n');
  asked.length = 0;
});

afterEach(() => {
  answer = () => undefined;
});

afterAll(async () => {
  await registries.close();
  server.closeAllConnections();
  server.close();
  removeProject(folder);
});

const found: Answer = (_, response) =>
  response.writeHead(200, { 'docker-content-digest': digest }).end();

function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_, response) => response.writeHead(code, headers).end();
}

function challenge(realm: string): Answer {
  const bearer = `Bearer realm="${realm}",service="registry.test",scope="repository:a/b:pull"`;
  return status(401, { 'www-authenticate': bearer });
}

function said(reference: string): Promise<string> {
  return registries.digest(reference).catch((error: unknown) => (error as Error).message);
}

describe('a registry', () => {
  test('is asked for the index of all architectures, without pulling anything', async () => {
    let accept = '';
    answer = (request, response) => {
      accept = request.headers.accept ?? '';
      found(request, response);
    };
    expect(await registries.digest(`${host}/a/b:1.2`)).toBe(digest);
    expect(asked).toEqual(['HEAD /v2/a/b/manifests/1.2 -']);
    expect(accept.split(', ')[0]).toBe('application/vnd.oci.image.index.v1+json');
  });

  test('that wants a token is asked with one that anybody gets', async () => {
    answer = (request, response) => {
      if (request.url?.startsWith('/token') === true) response.end('{"token":"t"}');
      else if (request.headers.authorization === 'Bearer t') found(request, response);
      else challenge(`http://${host}/token`)(request, response);
    };
    expect(await registries.digest(`${host}/a/b:1`)).toBe(digest);
    expect(asked).toEqual([
      'HEAD /v2/a/b/manifests/1 -',
      'GET /token?service=registry.test&scope=repository%3Aa%2Fb%3Apull -',
      'HEAD /v2/a/b/manifests/1 Bearer t',
    ]);
  });

  test.each<[string, Answer, string]>([
    ['has no such tag', status(404), 'is not there: the registry has no such tag.'],
    ['is asked too often', status(429, { 'retry-after': '60' }), 'Try again in 60 s.'],
    ['is broken', status(500), 'the registry answers with status 500.'],
    ['wants a password', status(401, { 'www-authenticate': 'Basic' }), 'asks for a login'],
    ['sends for tokens to a file', challenge('file:///etc/passwd'), 'asks for a login'],
    ['sends for tokens to nowhere', challenge('x'), 'asks for a login'],
    ['says no digest', status(200), 'says no digest of it.'],
    [
      'says something else as a digest',
      status(200, { 'docker-content-digest': 'sha256:x' }),
      'says no digest of it.',
    ],
    [
      'gives no token',
      (request, response) => {
        if (request.url?.startsWith('/token') === true) response.writeHead(403).end();
        else challenge(`http://${host}/token`)(request, response);
      },
      'gives no token to anybody (status 403).',
    ],
  ])('that %s is named', async (_, how, expected) => {
    answer = how;
    const message = await said(`${host}/a/b:1`);
    expect(message.startsWith(`${host}/a/b:1`)).toBe(true);
    expect(message).toContain(expected);
  });

  test('that cannot be reached is named, with the reason', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    expect(await said(`${nobody}/a/b:1`)).toMatch(
      new RegExp(`^${nobody}/a/b:1: ${nobody} cannot be reached: .*ECONNREFUSED`),
    );
  });

  test('is not asked about a reference that names none', async () => {
    expect(await said('nginx')).toBe('nginx is not written out: registry/repository:tag.');
  });
});

describe('npm run lock-images', () => {
  const run = (...args: string[]): Promise<Outcome> => runCommand(lockImagesCommand(), ...args);

  test('writes the digest of every pinned image, and a second time the same', async () => {
    answer = found;
    const { error } = await run('--mirror', host);
    expect(error).toBeUndefined();
    const text = readFileSync(lock, 'utf8');
    const expected = Object.fromEntries(
      [...imageNames].sort().map((name) => [pinned(name), digest]),
    );
    expect(JSON.parse(text)).toEqual(expected);
    expect(asked).toContain('HEAD /v2/library/nginx/manifests/1.30.4 -');
    const { stdout } = await run('--mirror', host, '--json');
    expect(JSON.parse(stdout)).toEqual({
      file: 'images.lock.json',
      digests: expected,
      changed: [],
    });
    expect(readFileSync(lock, 'utf8')).toBe(text);
    expect((await run('--check')).error).toBeUndefined();
  });

  test('changes nothing when one image has no digest, and says which', async () => {
    answer = (request, response) =>
      (request.url?.includes('nginx/manifests') === true ? status(404) : found)(request, response);
    const { error } = await run('--mirror', host);
    expect(error).toBe(
      `1 of ${imageNames.length} images have no digest; nothing was changed.\n` +
        `${host}/library/nginx:1.30.4 is not there: the registry has no such tag.`,
    );
    expect(readFileSync(lock, 'utf8')).toBe('{}\n');
  });

  test('--check names what is not recorded and what is no longer used, and asks nobody', async () => {
    const all = Object.fromEntries(imageNames.map((name) => [pinned(name), digest]));
    const { [pinned('nginx')]: _, ...others } = all;
    writeFileSync(lock, JSON.stringify({ ...others, 'docker.io/library/old:1': digest }));
    const { error } = await run('--check', '--mirror', host);
    expect(error).toBe(
      'images.lock.json is not up to date; npm run lock-images writes it anew.\n' +
        `  ${pinned('nginx')} is not recorded\n` +
        '  docker.io/library/old:1 is recorded and not used any more',
    );
    expect(asked).toEqual([]);
  });

  test('--mirror takes a host, not a URL', async () => {
    expect((await run('--mirror', `http://${host}`)).error).toContain('--mirror is not valid');
  });
});
