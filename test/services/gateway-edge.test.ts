import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { connect as http2Connect } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, code } from '../support/gateway/client';
import { noNginx, operatorPassword } from '../support/gateway/nginx';
import { startWorld, type World } from '../support/gateway/world';

const title = noNginx ? `the gateway's edge (skipped: ${noNginx})` : "the gateway's edge";

describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  const pages = mkdtempSync(path.join(os.tmpdir(), 'strata-pages-'));
  beforeAll(async () => {
    mkdirSync(path.join(pages, 'assets'));
    writeFileSync(path.join(pages, 'index.html'), '<!doctype html><p>hello');
    writeFileSync(path.join(pages, 'assets/app.js'), `// ${'x'.repeat(2000)}`);
    world = await startWorld({
      cors: { origins: ['https://app.example.net'], credentials: true },
      operators: ['127.0.0.2'],
      static: { '/app/': { folder: pages, cacheSeconds: 600 } },
    });
  });
  afterAll(async () => {
    await world.stop();
    rmSync(pages, { recursive: true });
  });
  afterEach(() => {
    world.app.answer = undefined;
    world.app.asked.length = 0;
  });

  const handshake = (...options: string[]) =>
    spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${world.gateway.https}`, ...options], {
      input: '',
      encoding: 'utf8',
    });
  const known = ['-servername', 'api.example.org'];

  it('speaks TLS 1.2 and 1.3 with forward secrecy and without tickets, and nothing older', () => {
    const spoken = (...options: string[]) =>
      / (?:Protocol {2}: |New, )(TLSv[\d.]+)/.exec(
        ` ${handshake(...known, ...options).stdout}`,
      )?.[1];
    expect(
      [
        ['-tls1_2'],
        ['-tls1_3'],
        ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
        ['-tls1', '-cipher', 'ALL:@SECLEVEL=0'],
        ['-tls1_2', '-cipher', 'AES128-SHA:AES256-GCM-SHA384'],
      ].map((options) => handshake(...known, ...options).status),
    ).toEqual([0, 0, 1, 1, 1]);
    expect(spoken('-tls1_2')).toBe('TLSv1.2');
    expect(handshake(...known, '-tls1_2').stdout).not.toContain('TLS session ticket:');
  });

  it('shows a certificate to nobody who does not know a name that is served', () => {
    for (const options of [
      ['-noservername'],
      ['-servername', 'other.example.net'],
      ['-servername', 'admin.example.org'],
    ]) {
      const { status, stdout } = handshake(...options);
      expect([options, status, stdout.includes('BEGIN CERTIFICATE')]).toEqual([options, 1, false]);
    }
    expect(handshake(...known).stdout).toContain('BEGIN CERTIFICATE');
  });

  it('sends plain http to https, known hosts alone', async () => {
    const found = async (host: string) => {
      const { status, headers } = await ask(world.gateway, '/open/a?b=1', { plain: true, host });
      return [status, headers.location];
    };
    expect(await found('api.example.org')).toEqual([308, 'https://api.example.org/open/a?b=1']);
    expect(await found('acme.example.org')).toEqual([308, 'https://acme.example.org/open/a?b=1']);
    expect(await found('evil.example.net')).toEqual([421, undefined]);
    expect(await found('www.example.org')).toEqual([421, undefined]);
    expect(world.app.asked).toEqual([]);
    const health = await ask(world.gateway, '/healthz', { plain: true, host: 'gateway:8080' });
    expect([health.status, health.body]).toEqual([200, 'ok\n']);
  });

  it('answers a known name of the certificate and an unknown host with neither', async () => {
    const answer = await ask(world.gateway, '/open/a', { headers: { host: 'evil.example.net' } });
    expect([answer.status, code(answer), world.app.asked]).toEqual([421, 'unknown_host', []]);
  });

  const fences = (headers: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      [
        'strict-transport-security',
        'content-security-policy',
        'x-frame-options',
        'x-content-type-options',
        'referrer-policy',
        'permissions-policy',
        'server',
      ].map((name) => [name, headers[name]]),
    );

  it('sends every security header once with every answer, of services, refusals and files', async () => {
    const expected = {
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'content-security-policy':
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'strict-origin-when-cross-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      server: 'nginx',
    };
    for (const path of ['/open/a', '/nowhere', '/open//a', '/app/', '/v1/functions/x'])
      expect([path, fences((await ask(world.gateway, path)).headers)]).toEqual([path, expected]);
    world.app.answer = (_, response) =>
      response
        .writeHead(200, {
          'content-security-policy': "script-src 'self'",
          'strict-transport-security': 'max-age=0',
          'x-frame-options': 'ALLOWALL',
          'x-powered-by': 'Express',
          'x-strata-authorization': 'Bearer secret',
        })
        .end();
    const { headers } = await ask(world.gateway, '/open/a');
    expect(fences(headers)).toEqual({
      ...expected,
      'content-security-policy': "script-src 'self'",
    });
    expect([headers['x-powered-by'], headers['x-strata-authorization']]).toEqual([
      undefined,
      undefined,
    ]);
  });

  const corsOf = (headers: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.startsWith('access-control-')),
    );

  it('lets pages of exactly the origins of the settings read answers', async () => {
    world.app.answer = (_, response) =>
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end();
    const from = async (origin: string) =>
      corsOf((await ask(world.gateway, '/open/a', { headers: { origin } })).headers);
    expect(await from('https://app.example.net')).toEqual({
      'access-control-allow-origin': 'https://app.example.net',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'X-Request-Id, Retry-After, Content-Range, ETag, Location',
    });
    for (const origin of [
      'https://evil.net',
      'https://app.example.net.evil.net',
      'http://app.example.net',
      'null',
      'https://xapp.example.net',
    ])
      expect([origin, await from(origin)]).toEqual([origin, {}]);
    const refused = await ask(world.gateway, '/nowhere', {
      headers: { origin: 'https://app.example.net' },
    });
    expect([
      refused.status,
      refused.headers['access-control-allow-origin'],
      refused.headers.vary,
    ]).toEqual([404, 'https://app.example.net', 'Origin']);
  });

  it('answers preflights itself, yes or no', async () => {
    const preflight = (origin: string) =>
      ask(world.gateway, '/storage/a', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'PUT' },
      });
    const yes = await preflight('https://app.example.net');
    expect([yes.status, corsOf(yes.headers)]).toEqual([
      204,
      expect.objectContaining({
        'access-control-allow-origin': 'https://app.example.net',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-max-age': '600',
      }),
    ]);
    const no = await preflight('https://evil.net');
    expect([no.status, code(no), corsOf(no.headers)]).toEqual([403, 'origin_not_allowed', {}]);
    expect([world.app.asked, world.guard.asked]).toEqual([[], []]);
  });

  it('serves static files, asks for pages each time and lets the rest be kept', async () => {
    const page = await ask(world.gateway, '/app/');
    expect([
      page.status,
      page.body,
      page.headers['content-type'],
      page.headers['cache-control'],
    ]).toEqual([200, '<!doctype html><p>hello', 'text/html', 'no-cache']);
    const script = await ask(world.gateway, '/app/assets/app.js');
    expect([
      script.status,
      script.headers['content-type'],
      script.headers['cache-control'],
    ]).toEqual([200, 'text/javascript', 'max-age=600']);
    const outside = await ask(world.gateway, '/app/../nginx.conf');
    expect([outside.status, code(outside)]).toEqual([400, 'odd_path']);
    expect((await ask(world.gateway, '/app/', { method: 'POST' })).status).toBe(405);
  });

  it('compresses files and answers to tokens, and not what cookies or passwords are answered with', async () => {
    const body = 'y'.repeat(3000);
    world.app.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    const encoding = async (path: string) =>
      (await ask(world.gateway, path, { headers: { 'accept-encoding': 'gzip, br' } })).headers[
        'content-encoding'
      ];
    expect(
      await Promise.all(
        ['/storage/a', '/app/assets/app.js', '/open/a', '/auth/login'].map(encoding),
      ),
    ).toEqual(['gzip', 'gzip', undefined, undefined]);
    expect(world.app.asked.map(({ headers }) => headers['accept-encoding'])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(gunzipSync(await compressed(world)).toString()).toBe(body);
  });

  it('opens what is for operators to an allowed address with the login, not to one of the two', async () => {
    const login = {
      authorization: `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`,
    };
    const wrong = { authorization: `Basic ${Buffer.from('operator:guess').toString('base64')}` };
    const found = async (from: string, headers: Record<string, string>) => {
      const answer = await ask(world.gateway, '/console/a', { from, headers });
      return [answer.status, answer.headers['www-authenticate']];
    };
    expect(await found('127.0.0.1', login)).toEqual([403, undefined]);
    expect(await found('127.0.0.1', { ...login, 'x-forwarded-for': '127.0.0.2' })).toEqual([
      403,
      undefined,
    ]);
    expect(await found('127.0.0.2', {})).toEqual([401, 'Basic realm="Strata operators"']);
    expect(await found('127.0.0.2', wrong)).toEqual([401, 'Basic realm="Strata operators"']);
    expect(world.app.asked).toEqual([]);
    expect(await found('127.0.0.2', login)).toEqual([200, undefined]);
    expect(world.app.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('shows its figures on the inner port alone', async () => {
    const figures = await fetch(`http://127.0.0.1:${world.gateway.status}/stub_status`);
    expect([figures.status, await figures.text()]).toEqual([
      200,
      expect.stringContaining('Active connections'),
    ]);
    expect((await ask(world.gateway, '/stub_status')).status).toBe(404);
  });

  it('speaks HTTP/2', async () => {
    const session = http2Connect(`https://127.0.0.1:${world.gateway.https}`, {
      servername: 'api.example.org',
      rejectUnauthorized: false,
    });
    const stream = session.request({ ':path': '/open/a', ':authority': 'api.example.org' });
    const status = await new Promise((resolve) =>
      stream.on('response', (headers) => resolve(headers[':status'])),
    );
    session.destroy();
    expect(status).toBe(200);
  });
});

async function compressed(world: World): Promise<Buffer> {
  const { request } = await import('node:https');
  return new Promise((resolve) => {
    request(
      {
        host: '127.0.0.1',
        port: world.gateway.https,
        servername: 'api.example.org',
        rejectUnauthorized: false,
        path: '/storage/a',
        headers: { host: 'api.example.org', 'accept-encoding': 'gzip' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      },
    ).end();
  });
}
