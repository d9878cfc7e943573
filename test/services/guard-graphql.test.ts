import http from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ask, refusalOf, send } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';

const title = noRedis
  ? `GraphQL through the guard (skipped: ${noRedis})`
  : 'GraphQL through the guard';

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let guard: GuardProcess;

  beforeAll(async () => {
    world = await GuardWorld.start();
    guard = await world.guard();
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.upstream.reset();
  });

  const query = { query: '{ a }' };
  const ann = (): Record<string, string> => world.bearer(world.people.ann);
  const forwarded = (): number => world.upstream.received.length;

  test('passes a query on as it came, with who sends it and nothing else of the client', async () => {
    const body = '{ "query" : "{ a }", "variables": {"n": 12345678901234567890} }';
    const token = ann();
    const { status, body: answer } = await send(guard.port, body, {
      ...token,
      accept: 'application/graphql-response+json',
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': 'r-1',
      cookie: 'a=1',
      'x-tenant': 'acme',
      'x-original-uri': '/x',
      'x-strata-tenant': 'forged',
      'x-strata-scopes': 'forged',
      'x-hasura-admin-secret': 'forged',
      'x-hasura-role': 'admin',
      connection: 'x-strata-tenant, close',
      'keep-alive': 'timeout=1',
      te: 'trailers',
      'proxy-authorization': 'x',
    });
    expect([status, answer]).toEqual([200, '{"data":{"ok":true}}']);
    expect(world.upstream.received).toEqual([
      {
        method: 'POST',
        url: '/inner',
        headers: {
          accept: 'application/graphql-response+json',
          ...token,
          connection: 'keep-alive',
          'content-length': String(body.length),
          'content-type': 'application/json; charset=utf-8',
          host: new URL(world.upstream.url).host,
          'x-real-ip': '192.0.2.1',
          'x-request-id': 'r-1',
          'x-strata-role': 'tenant_admin',
          'x-strata-scopes': '',
          'x-strata-tenant': world.people.acme.id,
          'x-strata-user': world.people.ann.id,
        },
        body,
      },
    ]);
  });

  test("gives the service's answer back, without what belongs to its connection", async () => {
    world.upstream.answer = (response) => {
      response.writeHead(418, {
        'content-type': 'application/json',
        'x-of-the-service': '1',
        'keep-alive': 'timeout=9',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'proxy-authenticate': 'Basic',
      });
      response.end('{"errors":[]}');
    };
    const { status, headers, body } = await send(guard.port, query, ann());
    expect([status, body, headers['x-of-the-service']]).toEqual([418, '{"errors":[]}', '1']);
    expect(headers).toMatchObject({ 'ratelimit-limit': '1000000' });
    for (const name of ['x-hop', 'proxy-authenticate', 'keep-alive'])
      expect(headers).not.toHaveProperty(name);
  });

  test.each<
    [
      string,
      () => Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }>,
      string,
    ]
  >([
    ['no token', () => send(guard.port, query, {}), '401 credentials_missing'],
    [
      "another's tenant",
      () => send(guard.port, query, { ...ann(), 'x-tenant': 'globex' }),
      '403 wrong_tenant',
    ],
    [
      'GET',
      () => ask(guard.port, '/graphql?query=%7Ba%7D', { headers: ann() }),
      '405 method_not_allowed',
    ],
    [
      'PUT',
      () => ask(guard.port, '/graphql', { method: 'PUT', headers: ann() }),
      '405 method_not_allowed',
    ],
    [
      'a WebSocket',
      () =>
        ask(guard.port, '/graphql', {
          headers: { ...ann(), connection: 'Upgrade', upgrade: 'websocket' },
        }),
      '400 websocket_unsupported',
    ],
    [
      'a form',
      () =>
        send(guard.port, 'query={a}', {
          ...ann(),
          'content-type': 'application/x-www-form-urlencoded',
        }),
      '415 media_type_unsupported',
    ],
    [
      'plain text, as a foreign page can send',
      () => send(guard.port, query, { ...ann(), 'content-type': 'text/plain' }),
      '415 media_type_unsupported',
    ],
    [
      'parts',
      () =>
        send(guard.port, query, { ...ann(), 'content-type': 'multipart/form-data; boundary=x' }),
      '415 media_type_unsupported',
    ],
    [
      'no media type',
      () =>
        ask(guard.port, '/graphql', { method: 'POST', headers: ann(), body: '{"query":"{ a }"}' }),
      '415 media_type_unsupported',
    ],
    [
      'JSON and something',
      () => send(guard.port, query, { ...ann(), 'content-type': 'application/json, text/plain' }),
      '415 media_type_unsupported',
    ],
    [
      'another charset',
      () =>
        send(guard.port, query, { ...ann(), 'content-type': 'application/json; charset=utf-7' }),
      '415 media_type_unsupported',
    ],
    [
      'a compressed body',
      () => send(guard.port, query, { ...ann(), 'content-encoding': 'gzip' }),
      '415 media_type_unsupported',
    ],
    [
      'too large a body',
      () => send(guard.port, { query: `{ a(x: "${'x'.repeat(100_001)}") }` }, ann()),
      '413 body_too_large',
    ],
    [
      'too large a body in pieces',
      () =>
        send(
          guard.port,
          { query: 'x'.repeat(100_001) },
          { ...ann(), 'transfer-encoding': 'chunked' },
        ),
      '413 body_too_large',
    ],
    ['no body', () => send(guard.port, '', ann()), '400 body_invalid'],
    ['a batch', () => send(guard.port, [query, query], ann()), '400 body_invalid'],
    [
      'two queries in one object',
      () => send(guard.port, '{"query":"{ a }","query":"{ b }"}', ann()),
      '400 body_invalid',
    ],
    [
      'a persisted query',
      () => send(guard.port, { extensions: { persistedQuery: {} } }, ann()),
      '400 body_invalid',
    ],
    ['no query', () => send(guard.port, { query: '{' }, ann()), '400 query_invalid'],
    [
      'depth',
      () => send(guard.port, { query: `${'{a'.repeat(13)}${'}'.repeat(13)}` }, ann()),
      '400 query_too_deep',
    ],
    [
      'cost',
      () => send(guard.port, { query: '{ a(first: 50000) { b } }' }, ann()),
      '400 query_too_costly',
    ],
    [
      'cost by a variable',
      () =>
        send(
          guard.port,
          { query: 'query ($n: Int) { a(first: $n) { b } }', variables: { n: 50_000 } },
          ann(),
        ),
      '400 query_too_costly',
    ],
    [
      'width',
      () =>
        send(
          guard.port,
          { query: `{ ${Array.from({ length: 21 }, (_, i) => `a${i}`).join(' ')} }` },
          ann(),
        ),
      '400 query_too_wide',
    ],
    [
      'length',
      () => send(guard.port, { query: `{ ${'a '.repeat(4001)} }` }, ann()),
      '400 query_too_long',
    ],
    [
      'introspection',
      () => send(guard.port, { query: '{ __schema { types { name } } }' }, ann()),
      '403 introspection_off',
    ],
  ])(
    'refuses %s, in the form of GraphQL, and passes nothing on',
    async (_what, attempt, expected) => {
      const answer = await attempt();
      expect(refusalOf(answer)).toBe(expected);
      expect(JSON.parse(answer.body)).toHaveProperty('errors');
      expect(forwarded()).toBe(0);
    },
  );

  test.each<[string, string[], string, string]>([
    ['reads', ['graphql:read'], '{ a }', '200 '],
    ['listens', ['graphql:read'], 'subscription { a }', '200 '],
    ['writes', ['graphql:write'], 'mutation { a }', '200 '],
    ['does both', ['graphql:*'], 'mutation { a }', '200 '],
    ['writes with the right to read', ['graphql:read'], 'mutation { a }', '403 scope_missing'],
    ['reads with the right to write', ['graphql:write'], '{ a }', '403 scope_missing'],
    ['comes from another area', ['storage:*'], '{ a }', '403 scope_missing'],
  ])('an API key that %s', async (_what, scopes, text, expected) => {
    const key = await world.key(world.people.ann, { scopes });
    expect(refusalOf(await send(guard.port, { query: text }, { 'x-api-key': key.text }))).toBe(
      expected,
    );
    expect(forwarded()).toBe(expected === '200 ' ? 1 : 0);
    expect(world.upstream.received[0]?.headers['x-api-key']).toBeUndefined();
  });

  test('a mutation that stands beside a query needs the right to write', async () => {
    const key = await world.key(world.people.ann, { scopes: ['graphql:read'] });
    const body = { query: 'query A { a } mutation B { b }', operationName: 'A' };
    expect(refusalOf(await send(guard.port, body, { 'x-api-key': key.text }))).toBe(
      '403 scope_missing',
    );
    expect(forwarded()).toBe(0);
  });

  test('a service that is away is 502, one that hangs is 504, and a mutation is sent once', async () => {
    expect(refusalOf(await send(guard.port, query, ann(), '/away'))).toBe(
      '502 upstream_unavailable',
    );
    world.upstream.answer = () => undefined;
    const hung = await send(guard.port, { query: 'mutation { a }' }, ann());
    expect(refusalOf(hung)).toBe('504 upstream_timeout');
    world.upstream.answer = (response) => response.destroy();
    expect(refusalOf(await send(guard.port, { query: 'mutation { a }' }, ann()))).toBe(
      '502 upstream_unavailable',
    );
    expect(forwarded()).toBe(2);
  });

  test('a query whose kept connection was closed is sent again, a mutation is not', async () => {
    const once = async (text: string): Promise<[string, number]> => {
      world.upstream.reset();
      await send(guard.port, query, ann());
      let calls = 0;
      world.upstream.answer = (response) => {
        calls += 1;
        if (calls === 1) response.socket?.resetAndDestroy();
        else response.end('{}');
      };
      return [refusalOf(await send(guard.port, { query: text }, ann())), calls];
    };
    expect(await once('{ a }')).toEqual(['200 ', 2]);
    expect(await once('mutation { a }')).toEqual(['502 upstream_unavailable', 1]);
  });

  test('an answer that comes piece by piece is passed on piece by piece, however slowly', async () => {
    let more: () => void = () => undefined;
    world.upstream.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: next\n\n');
      more = () => response.end('event: complete\n\n');
    };
    const response = await fetch(`http://127.0.0.1:${guard.port}/graphql`, {
      method: 'POST',
      headers: { ...ann(), 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { a }' }),
    });
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const reader = response.body?.getReader();
    const next = async (): Promise<string> =>
      Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await next()).toBe('event: next\n\n');
    // Longer than the door's time-out, which is for those that say nothing at all.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    more();
    expect(await next()).toBe('event: complete\n\n');
  });

  test.each(['before', 'in the middle of'])(
    'a caller that leaves %s the answer ends the work behind',
    async (when) => {
      const closed = new Promise<void>((resolve) => {
        world.upstream.answer = (response) => {
          response.once('close', resolve);
          if (when !== 'before')
            response.writeHead(200, { 'content-type': 'text/event-stream' }).write('x');
        };
      });
      const request = http.request({
        host: '127.0.0.1',
        port: guard.port,
        path: '/graphql',
        method: 'POST',
        headers: { ...ann(), 'content-type': 'application/json' },
      });
      request.on('error', () => undefined);
      request.on('response', (response) => response.once('data', () => request.destroy()));
      request.end(JSON.stringify(query));
      await expect.poll(forwarded).toBe(1);
      if (when === 'before') request.destroy();
      await closed;
    },
  );

  test('what is being answered is answered when the guard is told to stop', async () => {
    const stopping = await world.guard();
    let finish: () => void = () => undefined;
    world.upstream.answer = (response) => (finish = () => response.end('{"data":1}'));
    const answer = send(stopping.port, query, ann());
    await expect.poll(forwarded).toBe(1);
    const stopped = stopping.stop();
    await expect
      .poll(() =>
        ask(stopping.port, '/healthz').then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed');
    finish();
    expect((await answer).body).toBe('{"data":1}');
    expect(await stopped).toBe(0);
  });

  test('may describe the API where that is allowed', async () => {
    const open = await world.guard({ query: { introspection: true } });
    expect(
      refusalOf(await send(open.port, { query: '{ __schema { types { name } } }' }, ann())),
    ).toBe('200 ');
  });
});
