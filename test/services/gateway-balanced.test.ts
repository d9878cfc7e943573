import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ask, code, raw, type Answer } from '../support/gateway/client';
import { noNginx, operatorPassword } from '../support/gateway/nginx';
import { startWorld, type World } from '../support/gateway/world';

const title = noNginx
  ? `the gateway behind a balancer (skipped: ${noNginx})`
  : 'the gateway behind a balancer, real nginx before stand-ins';

/** The networks of the balancer, where tests stand when they do not say otherwise. */
const balancers = ['127.0.0.0/30'];
const outside = '127.0.0.9';
const ann = '198.51.100.7';
const bob = '203.0.113.8';

const settings = {
  operators: [ann],
  limits: { strictPerMinute: 1, strictBurst: 2 },
};

describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  beforeAll(async () => {
    const given = { ...settings, proxies: { addresses: balancers } };
    world = await startWorld(given, {}, { balanced: true });
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.app.asked.length = 0;
    world.guard.asked.length = 0;
  });

  /** Asks as the balancer does: for no name, and with the client's address behind what the client has written. */
  const through = (
    client: string,
    path: string,
    { headers = {}, ...question }: NonNullable<Parameters<typeof ask>[2]> = {},
  ): Promise<Answer> =>
    ask(world.gateway, path, {
      ...question,
      servername: '',
      headers: {
        ...headers,
        'x-forwarded-for': [headers['x-forwarded-for'], client].filter(Boolean).join(', '),
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '443',
      },
    });
  const seen = (...names: string[]) =>
    world.app.asked.map(({ headers }) => names.map((name) => headers[name]));

  it('serves the host that is asked for, and services see the public address of the platform', async () => {
    const answers = [
      await through(ann, '/open/a?b=1', { host: 'example.org' }),
      await through(ann, '/storage/a', { host: 'acme.example.org' }),
      await through(ann, '/a', { host: 'cdn.example.org:443' }),
    ];
    expect(
      answers.map(({ status, headers }) => [status, headers['strict-transport-security']]),
    ).toEqual(answers.map(() => [200, 'max-age=31536000; includeSubDomains']));
    expect(world.app.asked.map(({ url }) => url)).toEqual(['/open/a?b=1', '/storage/a', '/cdn/a']);
    expect(seen('x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip')).toEqual(
      ['example.org', 'acme.example.org', 'cdn.example.org'].map((host) => [
        host,
        'https',
        '443',
        ann,
      ]),
    );
    expect(
      world.guard.asked.map(({ headers }) => [headers['x-tenant-host'], headers['x-real-ip']]),
    ).toEqual([['acme', ann]]);
  });

  it.each(['other.example', '127.0.0.1', 'example.org.other.example', 'a.b.example.org'])(
    'has nothing of anybody for the host %s',
    async (host) => {
      for (const path of ['/', '/open/a', '/graphql', '/console/', '/healthz']) {
        const answer = await through(ann, path, { host });
        expect([path, answer.status, code(answer)]).toEqual([path, 421, 'unknown_host']);
      }
      expect([world.app.asked, world.guard.asked]).toEqual([[], []]);
    },
  );

  it('has nothing of anybody for who names no host', async () => {
    expect(await raw(world.gateway, 'GET /open/a HTTP/1.0\r\n\r\n', '')).toMatch(
      /^HTTP\/1\.1 421 /,
    );
    expect(world.app.asked).toEqual([]);
  });

  it('keeps people apart who share a connection of the balancer', async () => {
    const question = (host: string, path: string, client: string, last = false) =>
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${host}`,
        `X-Forwarded-For: ${client}`,
        ...(last ? ['Connection: close'] : []),
        '\r\n',
      ].join('\r\n');
    const answers = await raw(
      world.gateway,
      question('acme.example.org', '/storage/a', ann) +
        question('other.example', '/storage/b', ann) +
        question('api.example.org', '/storage/c', bob) +
        question('globex.example.org', '/storage/d', '2001:db8::1', true),
      '',
    );
    expect(answers.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['200', '421', '200', '200']);
    expect(
      world.guard.asked.map(({ headers }) => [headers['x-tenant-host'], headers['x-real-ip']]),
    ).toEqual([
      ['acme', ann],
      [undefined, bob],
      ['globex', '2001:db8::1'],
    ]);
    expect(seen('x-forwarded-for')).toEqual([[ann], [bob], ['2001:db8::1']]);
  });

  it.each([
    ['another address', bob],
    ['several', `${bob}, 10.60.0.7`],
    ['the balancer’s own', '127.0.0.1'],
    ['no address', 'unknown, "_hidden"'],
  ])('takes the client for who it is, though it has written %s', async (_, written) => {
    await through(ann, '/open/a', { headers: { 'x-forwarded-for': written, 'x-real-ip': bob } });
    expect(seen('x-real-ip', 'x-forwarded-for')).toEqual([[ann, ann]]);
  });

  it('takes the last of several headers for the balancer’s', async () => {
    const lines = ['GET /open/a HTTP/1.1', 'Host: example.org', `X-Forwarded-For: ${bob}`];
    const more = [`X-Forwarded-For: ${bob}, ${ann}`, 'Connection: close', '\r\n'];
    await raw(world.gateway, [...lines, ...more].join('\r\n'), '');
    expect(seen('x-real-ip')).toEqual([[ann]]);
  });

  it('believes nobody who stands elsewhere', async () => {
    await through(ann, '/open/a', { from: outside });
    expect(seen('x-real-ip', 'x-forwarded-for')).toEqual([[outside, outside]]);
  });

  it('gives a request an id of its own, since the balancer hands on what clients make up', async () => {
    const { headers } = await through(ann, '/open/a', {
      headers: { 'x-request-id': 'made-up-by-ann' },
    });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(seen('x-request-id')).toEqual([[headers['x-request-id']]]);
  });

  it('opens what is for operators by the client’s address', async () => {
    const authorization = `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`;
    const found = async (client: string, written: string, from?: string) => {
      const headers = { authorization, 'x-forwarded-for': written };
      return (await through(client, '/console/', { headers, ...(from && { from }) })).status;
    };
    expect([await found(bob, ''), await found(bob, ann), await found(ann, '', outside)]).toEqual([
      403, 403, 403,
    ]);
    expect(world.app.asked).toEqual([]);
    expect(await found(ann, bob)).toBe(200);
  });

  it('counts clients, not the balancer', async () => {
    const login = async (client: string, written = '') =>
      (await through(client, '/auth/login', { headers: { 'x-forwarded-for': written } })).status;
    expect([await login(ann), await login(ann), await login(ann)]).toEqual([200, 200, 200]);
    expect([await login(ann), await login(ann, bob)]).toEqual([429, 429]);
    expect(await login(bob)).toBe(200);
  });

  it.each(['10.60.0.7', '10.60.0.7:80'])(
    'is healthy for who asks it without TLS by its address (%s)',
    async (host) => {
      const healthy = await ask(world.gateway, '/healthz', { plain: true, host });
      expect([healthy.status, healthy.body]).toEqual([200, 'ok\n']);
      expect((await ask(world.gateway, '/open/a', { plain: true, host })).status).toBe(421);
    },
  );

  it('sends who comes without TLS to the public port', async () => {
    const { status, headers } = await ask(world.gateway, '/open/a?b=1', { plain: true });
    expect([status, headers.location]).toEqual([308, 'https://api.example.org/open/a?b=1']);
    expect(world.app.asked).toEqual([]);
  });

  it('passes web sockets on, of its own pages alone', async () => {
    const open = (origin: string) => {
      const url = `wss://127.0.0.1:${String(world.gateway.https)}/socket`;
      const headers = { host: 'api.example.org', 'x-forwarded-for': ann };
      const options = { rejectUnauthorized: false, servername: '', headers, origin };
      return new WebSocket(url, options);
    };
    const socket = open('https://api.example.org');
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    socket.terminate();
    await expect(once(open('https://other.example'), 'open')).rejects.toThrow('403');
  });
});

describe.skipIf(noNginx !== undefined)('the gateway without a balancer', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(settings);
  });
  afterAll(() => world.stop());

  it('shakes hands with nobody who does not say for whom', async () => {
    await expect(ask(world.gateway, '/open/a', { servername: '' })).rejects.toThrow(
      /unrecognized name/,
    );
    expect((await ask(world.gateway, '/open/a')).status).toBe(200);
    expect(world.app.asked).toHaveLength(1);
  });
});
