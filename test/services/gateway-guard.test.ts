import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, code } from '../support/gateway/client';
import { startNames } from '../support/gateway/names';
import { noNginx, startNginx } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { acme, admit, startWorld, type World } from '../support/gateway/world';
import { startStandIn } from '../support/gateway/stand-ins';

const title = noNginx
  ? `the gateway and the guard (skipped: ${noNginx})`
  : 'the gateway and the guard';

describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.guard.answer = (_, response) => admit(response);
    world.app.answer = undefined;
    world.guard.asked.length = 0;
    world.app.asked.length = 0;
  });

  const hello = { headers: { authorization: acme.authorization } };

  it('asks the guard with what the client cannot set, and passes on what the guard says', async () => {
    const answer = await ask(world.gateway, '/t/acme/storage/a%20b?x=1', {
      host: 'acme.example.org',
      headers: { ...hello.headers, 'x-api-key': 'key-1', 'x-tenant': 'acme', cookie: 'c=1' },
    });
    expect(answer.status).toBe(200);
    const [question] = world.guard.asked;
    const { 'x-request-id': id, ...headers } = question?.headers ?? {};
    expect({ ...question, headers, raw: [] }).toEqual({
      method: 'GET',
      url: '/check',
      body: '',
      raw: [],
      headers: {
        host: 'guard',
        authorization: acme.authorization,
        'x-api-key': 'key-1',
        'x-tenant': 'acme',
        'x-original-method': 'GET',
        'x-original-uri': '/t/acme/storage/a%20b?x=1',
        'x-original-host': 'acme.example.org',
        'x-real-ip': '127.0.0.1',
        'x-tenant-host': 'acme',
        'x-tenant-path': 'acme',
      },
    });
    expect(
      world.app.asked.map(({ url, headers: { connection: _, ...rest } }) => ({
        url,
        headers: rest,
      })),
    ).toEqual([
      {
        url: '/storage/a%20b?x=1',
        headers: {
          host: 'acme.example.org',
          authorization: 'Bearer signed-by-the-guard',
          cookie: 'c=1',
          'x-request-id': id,
          'x-real-ip': '127.0.0.1',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': 'acme.example.org',
          'x-forwarded-port': '443',
          'x-forwarded-proto': 'https',
          'x-tenant-host': 'acme',
          'x-tenant-path': 'acme',
          'x-strata-tenant': acme.tenant,
          'x-strata-user': acme.user,
          'x-strata-role': 'tenant_member',
        },
      },
    ]);
    expect(answer.headers['x-request-id']).toBe(id);
  });

  it.each([
    [401, 401, 'token_expired'],
    [401, 400, 'bad_tenant'],
    [403, 403, 'wrong_tenant'],
    [403, 404, 'unknown_tenant'],
    [403, 429, 'rate_limited'],
  ])(
    'gives the client what the guard refuses with (%i, X-Strata-Status %i)',
    async (own, status, reason) => {
      world.guard.answer = (_, response) =>
        response
          .writeHead(own, {
            'x-strata-status': String(status),
            'x-strata-reason': reason,
            ...(status === 429 && { 'retry-after': '17' }),
          })
          .end('not for clients');
      const answer = await ask(world.gateway, '/storage/a', hello);
      expect({
        status: answer.status,
        code: code(answer),
        type: answer.headers['content-type'],
        wait: answer.headers['retry-after'],
        challenge: answer.headers['www-authenticate'],
        asked: world.app.asked,
      }).toEqual({
        status,
        code: reason,
        type: 'application/json',
        wait: status === 429 ? '17' : undefined,
        challenge: status === 401 ? 'Bearer' : undefined,
        asked: [],
      });
    },
  );

  it.each<[string, { status: number } & Record<string, string | number>]>([
    ['answers 500', { status: 500 }],
    ['answers 302', { status: 302, location: '/' }],
    ['answers 404', { status: 404 }],
    ['says yes without a token', { status: 204 }],
    [
      'says yes with something that is no token',
      { status: 200, 'x-strata-authorization': 'Basic x' },
    ],
    ['refuses with a status that is none', { status: 403, 'x-strata-status': '200' }],
  ])('closes when the guard %s', async (_, given) => {
    const { status, ...headers } = given;
    world.guard.answer = (__, response) => response.writeHead(status, headers).end();
    const answer = await ask(world.gateway, '/storage/a', hello);
    expect([answer.status, code(answer), world.app.asked]).toEqual([503, 'unavailable', []]);
  });

  it('closes when the guard is slow, hangs up, or is away, for GraphQL too', async () => {
    world.guard.answer = () => undefined;
    expect((await ask(world.gateway, '/storage/a', hello)).status).toBe(503);
    world.guard.answer = (request) => request.socket.destroy();
    expect((await ask(world.gateway, '/storage/a', hello)).status).toBe(503);
    const { port } = world.guard;
    await world.guard.close();
    try {
      const answer = await ask(world.gateway, '/storage/a', hello);
      const graphql = await ask(world.gateway, '/graphql', {
        ...hello,
        method: 'POST',
        body: '{}',
      });
      expect([answer.status, code(answer)]).toEqual([503, 'unavailable']);
      expect([graphql.status, code(graphql)]).toEqual([503, 'graphql:unavailable']);
      expect(world.app.asked).toEqual([]);
    } finally {
      Object.assign(world, { guard: await startStandIn('127.0.0.1', port) });
    }
  });

  it('sends GraphQL to the guard itself, by whichever path it came', async () => {
    world.guard.answer = (_, response) =>
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'x-strata-tenant': acme.tenant,
          'x-strata-user': acme.user,
        })
        .end('{"data":1}');
    for (const path of ['/graphql?a=1', '/v1/graphql?a=1', '/t/acme/v1/graphql?a=1']) {
      const answer = await ask(world.gateway, path, {
        method: 'POST',
        body: '{"query":"{a}"}',
        headers: { ...hello.headers, 'x-strata-tenant': 'forged', 'x-original-uri': '/forged' },
      });
      expect([answer.status, answer.body, answer.headers['x-strata-tenant']]).toEqual([
        200,
        '{"data":1}',
        undefined,
      ]);
    }
    expect(
      world.guard.asked.map(({ url, body, headers }) => [
        url,
        body,
        headers['x-original-uri'],
        headers['x-tenant-path'],
        headers.authorization,
        headers['x-strata-tenant'],
      ]),
    ).toEqual([
      ['/graphql?a=1', '{"query":"{a}"}', '/graphql?a=1', undefined, acme.authorization, undefined],
      [
        '/graphql?a=1',
        '{"query":"{a}"}',
        '/v1/graphql?a=1',
        undefined,
        acme.authorization,
        undefined,
      ],
      [
        '/graphql?a=1',
        '{"query":"{a}"}',
        '/t/acme/v1/graphql?a=1',
        'acme',
        acme.authorization,
        undefined,
      ],
    ]);
    expect(world.gateway.log()).toContain(`"tenant":"${acme.tenant}","user":"${acme.user}"`);
  });

  it('does not let anybody ask the guard through it', async () => {
    for (const path of [
      '/_strata/check',
      '/t/acme/_strata/check',
      '/t/acme/t/acme/_strata/check',
    ]) {
      const answer = await ask(world.gateway, path, hello);
      expect([path, answer.status, code(answer)]).toEqual([path, 404, 'not_found']);
    }
    world.app.answer = (_, response) =>
      response.writeHead(200, { 'x-accel-redirect': '/_strata/check' }).end('mine');
    const answer = await ask(world.gateway, '/open/a');
    expect([answer.status, answer.body, world.guard.asked]).toEqual([200, 'mine', []]);
  });

  it('loses no request when one of two guards is replaced', async () => {
    const first = await startStandIn('127.0.8.1');
    const guards = [first, await startStandIn('127.0.8.2', first.port)];
    for (const guard of guards) guard.answer = (_, response) => admit(response);
    const names = await startNames({ guard: ['127.0.8.1', '127.0.8.2'], app: ['127.0.0.1'] });
    const routes = {
      files: { path: '/storage/', access: 'token' },
      graphql: { path: '/graphql', access: 'graphql' },
    } as const;
    const gateway = await startNginx(
      gatewayInput({ limits: { perSecond: 10_000, burst: 10_000 } }),
      [service('guard', first.port), service('app', world.app.port, routes)],
      { resolver: names.address },
    );
    const statuses = async () => {
      const all: number[] = [];
      for (let left = 20; left > 0; left -= 1) {
        const written = { ...hello, method: 'POST', body: '{}' };
        all.push((await ask(gateway, '/storage/a', written)).status);
        all.push((await ask(gateway, '/graphql', written)).status);
      }
      return [...new Set(all)].sort();
    };
    try {
      expect(await statuses()).toEqual([200, 204]);
      expect(guards.every(({ asked }) => asked.length > 0)).toBe(true);
      await first.close();
      expect(await statuses()).toEqual([200, 204]);
    } finally {
      await gateway.stop();
      names.close();
      await Promise.all(guards.map((guard) => guard.close()));
    }
  });
});
