import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ask, code } from '../support/gateway/client';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { startNames, type Names } from '../support/gateway/names';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';
import { acme, admit, startWorld, type World } from '../support/gateway/world';

const title = noNginx
  ? `traffic through the gateway (skipped: ${noNginx})`
  : 'traffic through the gateway';

describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      limits: { perSecond: 1, burst: 20, strictPerMinute: 1, strictBurst: 3, connections: 5 },
    });
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.app.answer = undefined;
    world.guard.answer = (_, response) => admit(response);
    world.app.asked.length = 0;
  });

  const many = async (count: number, path: string, from: string) => {
    const answers = await Promise.all(
      Array.from({ length: count }, () => ask(world.gateway, path, { from })),
    );
    return answers.map(({ status }) => status).sort();
  };

  it('limits each address by itself, and more tightly where passwords are tried', async () => {
    expect(await many(5, '/auth/login', '127.0.1.1')).toEqual([200, 200, 200, 200, 429]);
    const refused = await ask(world.gateway, '/auth/login', { from: '127.0.1.1' });
    expect([
      refused.status,
      code(refused),
      refused.headers['retry-after'],
      refused.headers['content-type'],
    ]).toEqual([429, 'too_many_requests', '1', 'application/json']);
    expect((await ask(world.gateway, '/auth/login', { from: '127.0.1.2' })).status).toBe(200);
    expect((await ask(world.gateway, '/open/a', { from: '127.0.1.1' })).status).toBe(200);
    // An alias of a strict route is as strict.
    expect((await ask(world.gateway, '/v1/auth/login', { from: '127.0.1.1' })).status).toBe(429);
    expect((await ask(world.gateway, '/t/acme/api/auth/login', { from: '127.0.1.1' })).status).toBe(
      429,
    );
  });

  it('limits the requests of an address, and those at the same time', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 24; count += 1)
      statuses.push((await ask(world.gateway, '/open/a', { from: '127.0.2.1' })).status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(21);
    expect(statuses.at(-1)).toBe(429);
    const waiting: (() => void)[] = [];
    const five = new Promise<void>((resolve) => {
      world.app.answer = (_, response) => {
        waiting.push(() => response.end());
        if (waiting.length === 5) resolve();
      };
    });
    const held = Array.from({ length: 5 }, () =>
      ask(world.gateway, '/open/a', { from: '127.0.2.2' }),
    );
    await five;
    expect((await ask(world.gateway, '/open/a', { from: '127.0.2.2' })).status).toBe(429);
    waiting.forEach((end) => end());
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([
      200, 200, 200, 200, 200,
    ]);
  });

  const socket = (origin?: string) =>
    new Promise<string>((resolve) => {
      const options = {
        rejectUnauthorized: false,
        servername: 'api.example.org',
        localAddress: '127.0.3.1',
        headers: { host: 'api.example.org', ...(origin && { origin }) },
      };
      const client = new WebSocket(`wss://127.0.0.1:${world.gateway.https}/socket`, options);
      client.on('open', () => client.send('hello'));
      client.on('message', (data: Buffer) => {
        client.terminate();
        resolve(data.toString());
      });
      client.on('unexpected-response', (_, { statusCode }) => resolve(String(statusCode)));
      client.on('error', (error) => resolve(error.message));
    });

  it('passes web sockets through, but not from pages of other origins', async () => {
    expect(await socket()).toBe('hello');
    expect(await socket('https://api.example.org')).toBe('hello');
    expect(await socket('https://evil.net')).toBe('403');
    expect(await socket('https://api.example.org.evil.net')).toBe('403');
  });

  let addresses = 0;
  const cachedFrom = async (
    path: string,
    headers: Record<string, string> = {},
    host = 'api.example.org',
  ) => {
    // Each from an address of its own: limits are not what this is about.
    const from = `127.0.4.${(addresses += 1)}`;
    return (await ask(world.gateway, path, { headers, host, from })).body;
  };

  it('keeps answers of one tenant, user and role for nobody else', async () => {
    let count = 0;
    world.app.answer = (request, response) =>
      // Without writeHead Node says the length.
      response.end(`${String(request.headers['x-strata-user'])} ${(count += 1)}`);
    const as = async (more: Record<string, string>) => {
      world.guard.answer = (_, response) => admit(response, more);
      return cachedFrom('/mine/a', { authorization: 'Bearer x' });
    };
    const first = await as({});
    expect(await as({})).toBe(first);
    const others = [
      await as({ 'x-strata-user': 'bob' }),
      await as({ 'x-strata-tenant': 'globex' }),
      await as({ 'x-strata-role': 'tenant_admin' }),
      await as({ 'x-strata-scopes': 'read' }),
      await as({ 'x-strata-tenant': '', 'x-strata-user': '' }),
      await as({ 'x-strata-tenant': '', 'x-strata-user': '' }),
    ];
    expect(new Set([first, ...others]).size).toBe(7);
    world.guard.answer = (_, response) =>
      response.writeHead(401, { 'x-strata-status': '401' }).end();
    expect((await ask(world.gateway, '/mine/a', { from: '127.0.4.2' })).status).toBe(401);
  });

  it('keeps a public answer, unless something about it is personal', async () => {
    let count = 0;
    const answers = (headers: Record<string, string> = {}, status = 200) => {
      world.app.answer = (_, response) => {
        const body = String((count += 1));
        response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
      };
    };
    answers();
    const kept = await cachedFrom('/cached/a?b=1');
    expect(await cachedFrom('/cached/a?b=1')).toBe(kept);
    for (const [path, headers, host] of [
      ['/cached/a?b=2', {}, 'api.example.org'],
      ['/cached/a%3Fb=1', {}, 'api.example.org'],
      ['/cached/a?b=1', {}, 'acme.example.org'],
      ['/t/acme/cached/a?b=1', {}, 'api.example.org'],
      ['/cached/a?b=1', { cookie: 'a=1' }, 'api.example.org'],
      ['/cached/a?b=1', { authorization: 'Bearer x' }, 'api.example.org'],
      ['/cached/a?b=1', { 'x-tenant': 'acme' }, 'api.example.org'],
    ] as const)
      expect(await cachedFrom(path, headers, host)).not.toBe(kept);
    expect(await cachedFrom('/cached/a?b=1')).toBe(kept);
    for (const [path, headers, status] of [
      ['/cached/cookie', { 'set-cookie': 's=1' }, 200],
      ['/cached/private', { 'cache-control': 'private, max-age=60' }, 200],
      ['/cached/no-store', { 'cache-control': 'no-store' }, 200],
      ['/cached/error', {}, 500],
    ] as const) {
      answers(headers, status);
      const once = await cachedFrom(path);
      expect([path, await cachedFrom(path)]).not.toEqual([path, once]);
    }
  });

  it('knows the paths that clients of other platforms use, and says what is not deployed', async () => {
    const found = async (path: string) => {
      world.app.asked.length = 0;
      const answer = await ask(world.gateway, path, {
        from: '127.0.5.1',
        headers: { authorization: acme.authorization },
      });
      return [answer.status, world.app.asked[0]?.url ?? code(answer)];
    };
    expect(await found('/v1/storage/a?b=1')).toEqual([200, '/storage/a?b=1']);
    expect(await found('/v1/auth/signup')).toEqual([200, '/auth/signup']);
    expect(await found('/v1/functions/a')).toEqual([404, 'not_deployed']);
    expect(await found('/realtime/v1/websocket')).toEqual([404, 'not_deployed']);
    expect(await found('/todos')).toEqual([404, 'not_found']);
    expect(
      (await ask(world.gateway, '/a', { host: 'cdn.example.org', from: '127.0.5.1' })).status,
    ).toBe(200);
  });
});

describe.skipIf(noNginx !== undefined)(
  `replicas behind the gateway${noNginx ? ` (skipped: ${noNginx})` : ''}`,
  () => {
    const replicas: StandIn[] = [];
    let names: Names;
    let gateway: Running;
    beforeAll(async () => {
      const first = await startStandIn('127.0.7.1');
      replicas.push(first, await startStandIn('127.0.7.2', first.port));
      names = await startNames({ web: ['127.0.7.1', '127.0.7.2'], rest: ['127.0.7.1'] });
      gateway = await startNginx(
        gatewayInput({ limits: { perSecond: 10_000, burst: 10_000 } }),
        [
          service('web', first.port, { web: { path: '/web/', access: 'public' } }),
          service('rest', first.port, {
            rest: { path: '/rest/', access: 'public', upstreamPath: '/' },
          }),
        ],
        { resolver: names.address },
      );
    });
    afterAll(async () => {
      await gateway.stop();
      names.close();
      await Promise.all(replicas.map((replica) => replica.close()));
    });
    const counts = () => replicas.map(({ asked }) => asked.length);
    const statuses = async (count: number, method = 'GET') => {
      const all: number[] = [];
      for (let each = 0; each < count; each += 1)
        all.push((await ask(gateway, '/web/a', { method })).status);
      return [...new Set(all)];
    };

    it('share the requests, and lose none when one dies or says that it cannot', async () => {
      expect(await statuses(40)).toEqual([200]);
      expect(counts().every((count) => count > 0)).toBe(true);
      const [, second] = replicas;
      if (second) second.answer = (_, response) => response.writeHead(503).end();
      expect(await statuses(20)).toEqual([200]);
      await second?.close();
      expect(await statuses(40)).toEqual([200]);
      // A connection that was refused has done nothing, so what changes things is tried at the other too.
      expect(await statuses(20, 'POST')).toEqual([200]);
    });

    it('do not get a second time what may have been done', async () => {
      const [first] = replicas;
      if (!first) throw new Error('there is no replica');
      first.asked.length = 0;
      first.answer = (request) => request.socket.destroy();
      expect((await ask(gateway, '/web/a', { method: 'POST' })).status).toBe(503);
      expect(first.asked).toHaveLength(1);
      first.answer = undefined;
    });

    it('are found at their new address when they are replaced', async () => {
      const [first] = replicas;
      const moved = await startStandIn('127.0.7.3', first?.port);
      replicas.push(moved);
      names.addresses.set('web', ['127.0.7.3']);
      await first?.close();
      const end = Date.now() + 15_000;
      while ((await ask(gateway, '/web/a')).status !== 200 && Date.now() < end);
      expect(moved.asked.length).toBeGreaterThan(0);
    });

    it('serve each table at a path of its own where there is a REST service', async () => {
      names.addresses.set('rest', ['127.0.7.3']);
      const end = Date.now() + 15_000;
      let answer = await ask(gateway, '/todos?select=id');
      while (answer.status !== 200 && Date.now() < end)
        answer = await ask(gateway, '/todos?select=id');
      expect(replicas[2]?.asked.at(-1)?.url).toBe('/todos?select=id');
    });
  },
);
