import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, code, raw } from '../support/gateway/client';
import { noNginx } from '../support/gateway/nginx';
import { acme, admit, startWorld, type World } from '../support/gateway/world';

const title = noNginx ? `attacks on the gateway (skipped: ${noNginx})` : 'attacks on the gateway';

describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  let behindProxy: World;
  beforeAll(async () => {
    world = await startWorld();
    behindProxy = await startWorld({ proxies: { addresses: ['127.0.0.2', '10.0.0.0/8'] } });
  });
  afterAll(async () => {
    await world.stop();
    await behindProxy.stop();
  });
  afterEach(() => {
    world.app.answer = undefined;
    world.guard.answer = (_, response) => admit(response);
    world.app.asked.length = 0;
    world.guard.asked.length = 0;
    behindProxy.app.asked.length = 0;
  });

  const forged = {
    'X-Strata-Authorization': 'Bearer forged',
    'X-Strata-Tenant': 'forged',
    'X-Strata-User': 'forged',
    'X-Strata-Role': 'forged',
    'X-Strata-Scopes': 'forged',
    'X-Strata-Status': 'forged',
    'X-Strata-Reason': 'forged',
    X_Strata_Tenant: 'forged',
    'X.Strata.Tenant': 'forged',
    'x-sTRATA-tenant': 'forged',
    'X-Original-Method': 'forged',
    'X-Original-URI': 'forged',
    'X-Original-Host': 'forged',
    'X-Original-URL': 'forged',
    'X-Rewrite-URL': 'forged',
    'X-Tenant-Host': 'forged',
    'X-Tenant-Path': 'forged',
    'X-Real-IP': 'forged',
    'X-Forwarded-For': '10.9.9.9, forged',
    'X-Forwarded-Host': 'forged',
    'X-Forwarded-Proto': 'forged',
    'X-Forwarded-Port': 'forged',
    'X-Forwarded-Prefix': 'forged',
    Forwarded: 'for=forged',
    'CF-Connecting-IP': 'forged',
    'True-Client-IP': 'forged',
    'X-Client-IP': 'forged',
    'X-Request-Id': 'forged-forged-forged',
    'X-Hasura-Admin-Secret': 'forged',
    Proxy: 'forged',
  };

  it.each(['/open/a', '/storage/a', '/graphql', '/auth/login', '/cached/a'])(
    'headers that only the gateway may set never get through as sent (%s)',
    async (path) => {
      const lines = Object.entries(forged).map(([name, value]) => `${name}: ${value}\r\n`);
      const answer = await raw(
        world.gateway,
        `GET ${path} HTTP/1.1\r\nHost: api.example.org\r\n${lines.join('')}Connection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 20[04] /);
      expect(answer).not.toContain('forged');
      const seen = [...world.app.asked, ...world.guard.asked];
      expect(seen.length).toBeGreaterThan(0);
      expect(JSON.stringify(seen)).not.toContain('forged');
      expect(seen.map(({ headers }) => headers['x-real-ip'])).toEqual(seen.map(() => '127.0.0.1'));
    },
  );

  it('takes the word of a trusted proxy for address and id, of nobody else, and of its left side never', async () => {
    const headers = {
      'x-forwarded-for': '6.6.6.6, 198.51.100.7, 10.1.1.1',
      'x-request-id': 'id-of-the-proxy',
    };
    const seen = async (from: string, given: Record<string, string> = headers) => {
      await ask(behindProxy.gateway, '/open/a', { from, headers: given });
      const {
        'x-real-ip': address,
        'x-request-id': id,
        'x-forwarded-for': chain,
      } = behindProxy.app.asked.at(-1)?.headers ?? {};
      return [address, chain, id === 'id-of-the-proxy'];
    };
    expect(await seen('127.0.0.2')).toEqual(['198.51.100.7', '198.51.100.7', true]);
    expect(await seen('127.0.0.3')).toEqual(['127.0.0.3', '127.0.0.3', false]);
    expect(await seen('127.0.0.2', { 'x-request-id': 'a"},{"b' })).toEqual([
      '127.0.0.2',
      '127.0.0.2',
      false,
    ]);
  });

  it.each([
    '/open//storage/a',
    '/open/../storage/a',
    '/open/%2e%2e/storage/a',
    '/open/.%2E/storage/a',
    '/open/./a',
    '/open/..',
    '/open%2fa',
    '/storage%2F..%2Fopen/a',
    '/open/a%5c..%5cb',
    '/open/a\\b',
    '/open/..;/storage/a',
    '/open/a%252f..',
    '/open/a%0d%0aX-Forged:%20yes',
    '/open/a%00b',
    '/open/a%7f',
    '/t/acme/../open/a',
    '/open/a#/../b',
  ])('a path that can be read in two ways is refused: %s', async (path) => {
    const answer = await raw(
      world.gateway,
      `GET ${path} HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(world.app.asked).toEqual([]);
  });

  it('a service is asked for the path that the gateway has judged, written in one way', async () => {
    for (const path of ['/%6fpen/a%20b', '/mapped/%61%3fc?d=%2f..%2f'])
      expect((await ask(world.gateway, path)).status).toBe(200);
    expect(world.app.asked.map(({ url }) => url)).toEqual(['/open/a%20b', '/a%3Fc?d=%2f..%2f']);
  });

  const smuggled = 'GET /console/ HTTP/1.1\r\nHost: api.example.org\r\n\r\n';
  it.each<[string, string, RegExp]>([
    [
      'a length and chunks',
      `POST /open/a HTTP/1.1\r\nHost: api.example.org\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'two lengths',
      `POST /open/a HTTP/1.1\r\nHost: api.example.org\r\nContent-Length: 4\r\nContent-Length: 60\r\n\r\nabcd${smuggled}`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length that is none',
      `POST /open/a HTTP/1.1\r\nHost: api.example.org\r\nContent-Length: +4\r\n\r\nabcd`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'an unknown coding',
      `POST /open/a HTTP/1.1\r\nHost: api.example.org\r\nTransfer-Encoding: xchunked\r\n\r\n${smuggled}`,
      /^HTTP\/1\.1 501 /,
    ],
    [
      'two codings',
      `POST /open/a HTTP/1.1\r\nHost: api.example.org\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${smuggled}`,
      /^HTTP\/1\.1 (?:400|501) /,
    ],
    [
      'two hosts',
      'GET /open/a HTTP/1.1\r\nHost: api.example.org\r\nHost: evil.example.net\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['no host', 'GET /open/a HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no host in HTTP/1.0', 'GET /open/a HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 421 /],
    [
      'another host in the path',
      'GET https://evil.example.net/open/a HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 421 /,
    ],
    [
      'TRACE',
      'TRACE /open/a HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 405 /,
    ],
    [
      'CONNECT',
      'CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 (?:400|405) /,
    ],
    [
      'a method of its own',
      'PURGE /open/a HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 405 /,
    ],
    [
      'headers of 80 KB',
      `GET /open/a HTTP/1.1\r\nHost: api.example.org\r\n${`X-Long: ${'x'.repeat(8000)}\r\n`.repeat(10)}\r\n`,
      /^HTTP\/1\.1 (?:400|431) /,
    ],
    [
      'an address of 20 KB',
      `GET /open/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: api.example.org\r\n\r\n`,
      /^HTTP\/1\.1 414 /,
    ],
    [
      'a host with a path',
      'GET /open/a HTTP/1.1\r\nHost: api.example.org/x\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
  ])('is not fooled by %s', async (_, text, expected) => {
    expect(await raw(world.gateway, text)).toMatch(expected);
    expect(world.app.asked).toEqual([]);
  });

  it('the host that a service is told is the one that the gateway chose it by', async () => {
    await raw(
      world.gateway,
      'GET https://api.example.org/open/a HTTP/1.1\r\nHost: evil.example.net\r\nConnection: close\r\n\r\n',
    );
    expect(
      world.app.asked.map(({ headers }) => [headers.host, headers['x-forwarded-host']]),
    ).toEqual([['api.example.org', 'api.example.org']]);
  });

  it('an upgrade to anything but a web socket, or on a route without them, is no upgrade', async () => {
    for (const [path, protocol] of [
      ['/socket', 'h2c'],
      ['/open/a', 'websocket'],
      ['/storage/a', 'websocket'],
    ])
      await raw(
        world.gateway,
        `GET ${path ?? ''} HTTP/1.1\r\nHost: api.example.org\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol ?? ''}\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`.replace(
          'Upgrade, close',
          'close, Upgrade',
        ),
      );
    expect(world.app.asked.map(({ headers }) => headers.upgrade)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('a body above the limit of its path is refused before the guard or the service hears of it', async () => {
    const answer = await ask(world.gateway, '/storage/a', {
      method: 'PUT',
      body: 'x'.repeat(65 * 1024),
    });
    expect([answer.status, code(answer), world.app.asked, world.guard.asked]).toEqual([
      413,
      'body_too_large',
      [],
      [],
    ]);
    const fits = await ask(world.gateway, '/storage/a', {
      method: 'PUT',
      body: 'x'.repeat(63 * 1024),
    });
    expect([fits.status, world.app.asked.length]).toEqual([200, 1]);
  });

  it('the log holds no token, key, cookie, password or query, of failed requests neither', async () => {
    const secrets = [
      's3cret-token',
      's3cret-key',
      's3cret-cookie',
      's3cret-query',
      's3cret-body',
      's3cret-referer',
      'eyJhbGciOi.eyJzdWIi',
      '0123456789abcdef',
    ];
    const headers = {
      authorization: 'Bearer s3cret-token',
      'x-api-key': 's3cret-key',
      cookie: 'session=s3cret-cookie',
      referer: 'https://api.example.org/?token=s3cret-referer',
    };
    const send = (path: string) =>
      ask(world.gateway, `${path}?token=s3cret-query`, {
        method: 'POST',
        headers,
        body: 's3cret-body',
      });
    await send('/open/a');
    await send('/open/eyJhbGciOi.eyJzdWIi.c2ln');
    await send('/open/strata_0123456789abcdef0123456789abcdef_0123456789abcdef');
    await send('/open/Strata%5f0123456789abcdef0123456789abcdef_0123456789abcdef');
    await send('/open/strata_jobs');
    await send('/nowhere');
    world.app.answer = (request) => request.socket.destroy();
    await send('/storage/a');
    world.app.answer = () => undefined;
    expect((await send('/slow/a')).status).toBe(504);
    world.app.answer = undefined;
    for (let count = 0; count < 30; count += 1) await send('/auth/login');
    const log = world.gateway.log();
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const paths = lines.map(({ path }) => path);
    expect(paths.filter((path) => path === '(not shown: it holds an API key)')).toHaveLength(2);
    expect(paths).toContain('/open/strata_jobs');
    expect(lines.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    const line = lines.find(({ path }) => path === '/storage/a' && lines.length > 0);
    expect(Object.keys(line ?? {})).toEqual([
      'time',
      'id',
      'tenant',
      'user',
      'address',
      'method',
      'host',
      'path',
      'protocol',
      'agent',
      'service',
      'upstream',
      'upstream_status',
      'cache',
      'status',
      'seconds',
      'received',
      'sent',
    ]);
    expect(line).toMatchObject({ service: 'storage' });
    expect(lines.find(({ path }) => path === '/nowhere')).toMatchObject({ service: '' });
    expect(lines.filter(({ tenant }) => tenant === acme.tenant).length).toBeGreaterThan(0);
  });

  it('what a client writes cannot end a line of the log', async () => {
    await ask(world.gateway, '/open/a"b', { headers: { 'user-agent': 'a","status":200,"x":"' } });
    const last = world.gateway.log().trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ path: '/open/a"b', agent: 'a","status":200,"x":"' });
  });
});
