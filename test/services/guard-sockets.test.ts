import { once } from 'node:events';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { claimsNamespace, forge, payload } from '../support/forge';
import { ask, send } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { Socket } from '../support/guard/socket';
import { GuardWorld, issuer } from '../support/guard/world';
import { answer, HasuraSockets } from '../support/hasura-sockets';
import type { Person } from '../sql/support/world';

const title = "GraphQL over the guard's sockets, before a stand-in for Hasura";

describe.skipIf(noRedis !== undefined)(noRedis ? `${title} (skipped: ${noRedis})` : title, () => {
  let world: GuardWorld;
  let hasura: HasuraSockets;
  let guard: GuardProcess;
  let open: Socket[] = [];

  beforeAll(async () => {
    world = await GuardWorld.start();
    hasura = await HasuraSockets.start(issuer);
    world.doors = [{ path: '/sockets', upstream: hasura.url, timeoutSeconds: 5, websocket: true }];
    guard = await world.guard();
  });
  afterAll(async () => {
    await world.stop();
    await hasura.stop();
  });
  afterEach(() => {
    for (const socket of open) socket.close();
    open = [];
    hasura.reset();
  });

  const kept = (socket: Socket): Socket => {
    open.push(socket);
    return socket;
  };
  const bare = async (options?: Parameters<typeof Socket.open>[1]): Promise<Socket> =>
    kept(await Socket.open(guard.port, options));
  const claims = (person: Person): object => ({ headers: { Authorization: bearer(person) } });
  const bearer = (person: Person): string => world.bearer(person).authorization;
  const acknowledged = async (
    person: Person = world.people.ann,
    port = guard.port,
  ): Promise<Socket> => kept(await Socket.acknowledged(port, claims(person)));
  const initWith = async (
    given: unknown,
    options?: Parameters<typeof Socket.open>[1],
  ): Promise<string> => {
    const socket = await bare(options);
    socket.send({ type: 'connection_init', payload: given });
    const first = await Promise.race([socket.next(), socket.ended]);
    return typeof first === 'string' ? first : first.type;
  };
  const result = (person: Person, value: unknown): object => ({
    data: { tenant: person.tenant, user: person.id, value },
  });

  test('speaks with the client that everybody uses: query, mutation, subscription', async () => {
    const { ann } = world.people;
    const client: Client = createClient({
      url: `ws://127.0.0.1:${String(guard.port)}/sockets`,
      webSocketImpl: WebSocket,
      connectionParams: claims(ann),
      retryAttempts: 0,
      lazy: false,
    });
    const results: unknown[] = [];
    for (const query of ['query($value: Int) { a }', 'mutation($value: Int) { b }']) {
      for await (const one of client.iterate({ query, variables: { value: 7 } })) results.push(one);
    }
    expect(results).toEqual([result(ann, 7), result(ann, 7)]);
    const changes = client.iterate({ query: 'subscription { c }' });
    const first = changes.next();
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(1);
    hasura.change('one');
    expect(await first).toEqual({ done: false, value: result(ann, 'one') });
    await changes.return?.();
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(0);
    await client.dispose();
    await expect.poll(() => hasura.open.length).toBe(0);
  });

  test('the service gets the admitted token and who it is, and nothing else that the client says of itself', async () => {
    const { ann, acme } = world.people;
    const headers = {
      authorization: bearer(world.people.gus),
      cookie: 'a=1',
      'x-strata-tenant': 'forged',
      'x-hasura-admin-secret': 'forged',
      'x-hasura-role': 'admin',
      'x-request-id': 'r-1',
    };
    const given = {
      'x-hasura-admin-secret': 'forged',
      headers: {
        authorization: bearer(ann),
        'X-Hasura-Admin-Secret': 'forged',
        'X-Hasura-Role': 'admin',
        'x-hasura-user-id': world.people.gus.id,
      },
    };
    expect(await initWith(given, { headers, path: '/sockets?token=x' })).toBe('connection_ack');
    const [connection] = hasura.open;
    const payloadOf = { headers: { Authorization: bearer(ann) } };
    expect(connection?.inits).toEqual([{ type: 'connection_init', payload: payloadOf }]);
    expect(connection?.url).toBe('/v1/graphql');
    const sent = Object.entries(connection?.headers ?? {}).filter(
      ([name]) => !/^(?:sec-websocket-.*|connection|upgrade|host)$/.test(name),
    );
    expect(Object.fromEntries(sent)).toEqual({
      'x-request-id': 'r-1',
      'x-strata-tenant': acme.id,
      'x-strata-user': ann.id,
      'x-strata-role': 'tenant_admin',
      'x-strata-scopes': '',
    });
  });

  test.each<[string, () => unknown]>([
    ['headers.Authorization', () => claims(world.people.ann)],
    ['headers.authorization', () => ({ headers: { authorization: bearer(world.people.ann) } })],
    ['Authorization', () => ({ Authorization: bearer(world.people.ann) })],
    ['AUTHORIZATION', () => ({ AUTHORIZATION: bearer(world.people.ann) })],
    ['authToken', () => ({ authToken: world.token(world.people.ann) })],
    ['authToken with its scheme', () => ({ authToken: bearer(world.people.ann) })],
    [
      'the same twice',
      () => ({ authToken: world.token(world.people.ann), ...claims(world.people.ann) }),
    ],
    ['nothing beside', () => ({ ...claims(world.people.ann), 'x-api-key': '', 'x-tenant': null })],
  ])('the token may stand in %s', async (_what, given) => {
    expect(await initWith(given())).toBe('connection_ack');
  });

  const good = (): Record<string, unknown> => payload(issuer, subjectOf(world.people.ann));
  const now = Math.floor(Date.now() / 1000);
  const signed = (header: object, body: unknown, key?: string): object => ({
    Authorization: `Bearer ${forge(header as Record<string, unknown>, body, key)}`,
  });

  test.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, '4403 an access token or an API key is required'],
    ['no object', () => 'x', '4400 payload of connection_init is no object'],
    ['a list', () => [], '4400 payload of connection_init is no object'],
    ['headers that are none', () => ({ headers: 'x' }), '4400 headers of connection_init'],
    ['a token that is no text', () => ({ Authorization: [1] }), '4400 authorization of the'],
    [
      'two people',
      () => ({ Authorization: bearer(world.people.gus), ...claims(world.people.ann) }),
      '4403 the payload of connection_init says who you are twice',
    ],
    ['alg none', () => signed({ alg: 'none' }, good()), '4403 the access token is not valid'],
    [
      'alg none, signed',
      () => signed({ alg: 'none' }, good(), issuer.key),
      '4403 the access token is not valid',
    ],
    [
      'another key',
      () => signed({ alg: 'HS256' }, good(), 'x'.repeat(64)),
      '4403 the access token is not valid',
    ],
    [
      'a token that has ended',
      () => signed({ alg: 'HS256' }, { ...good(), exp: now - 1 }, issuer.key),
      '4403 token expired',
    ],
    [
      "Hasura's admin",
      () =>
        signed(
          { alg: 'HS256' },
          {
            ...good(),
            [claimsNamespace]: { ...(good()[claimsNamespace] as object), 'x-hasura-role': 'admin' },
          },
          issuer.key,
        ),
      '4403 the access token names no tenant',
    ],
    ['no key', () => ({ 'x-api-key': 'strata_x' }), '4403 there is no such API key'],
    [
      'a token and a key',
      () => ({ ...claims(world.people.ann), 'x-api-key': 'strata_x' }),
      '4403 send an access token or an API key',
    ],
    [
      "another's tenant in the payload",
      () => ({ headers: { Authorization: bearer(world.people.ann), 'X-Tenant': 'globex' } }),
      '4403 this is not your tenant',
    ],
  ])('is not let in with %s', async (_what, given, expected) => {
    expect(await initWith(given())).toContain(expected);
    expect(hasura.connections).toEqual([]);
  });

  test.each(['x-tenant-host', 'x-tenant-path', 'x-tenant'])(
    "is not let in at another tenant's place (%s)",
    async (name) => {
      const { ann } = world.people;
      expect(await initWith(claims(ann), { headers: { [name]: 'acme' } })).toBe('connection_ack');
      expect(await initWith(claims(ann), { headers: { [name]: 'globex' } })).toBe(
        '4403 this is not your tenant',
      );
    },
  );

  test('a header of the upgrade is no credential', async () => {
    const headers = { authorization: bearer(world.people.ann) };
    expect(await initWith({}, { headers })).toContain('4403 an access token or an API key');
  });

  test('a suspended tenant is not let in', async () => {
    const eve = await world.newcomer('sleeping');
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      eve.tenant,
    ]);
    expect(await initWith(claims(eve))).toBe('4403 this tenant is not active');
  });

  test.each<[string, (socket: Socket) => void | Promise<void>, string]>([
    ['says nothing', () => undefined, '4408 connection_init did not come in time'],
    [
      'sends pings only',
      async (socket) => {
        socket.send({ type: 'ping' });
        expect(await socket.next()).toEqual({ type: 'pong' });
      },
      '4408 connection_init did not come in time',
    ],
    [
      'subscribes first',
      (socket) => {
        socket.subscribe('1', '{ a }');
        socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
      },
      '4401 wait for connection_ack before you subscribe',
    ],
    [
      'subscribes before it is acknowledged',
      (socket) => {
        socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
        socket.subscribe('1', '{ a }');
      },
      '4401 wait for connection_ack before you subscribe',
    ],
    [
      'says twice who it is',
      (socket) => {
        socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
        socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
      },
      '4429 connection_init was sent before',
    ],
  ])('a client that %s is put out', async (_what, act, expected) => {
    const socket = await bare();
    await act(socket);
    expect(await socket.ended).toBe(expected);
    await expect.poll(() => hasura.open.length).toBe(0);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    [
      'says again who it is',
      (socket) => socket.send({ type: 'connection_init', payload: claims(world.people.bob) }),
      '4429 connection_init was sent before',
    ],
    ['sends no JSON', (socket) => socket.send('{'), '4400 the message is no JSON'],
    ['sends a list', (socket) => socket.send('[]'), '4400 send connection_init, subscribe'],
    ['sends nothing', (socket) => socket.send(''), '4400 the message is no JSON'],
    [
      'sends bytes',
      (socket) => socket.send(Buffer.from('{"type":"ping"}')),
      '4400 messages are text',
    ],
    [
      'sends what only servers send',
      (socket) => socket.send({ id: '1', type: 'next', payload: {} }),
      '4400 send connection_init, subscribe',
    ],
    [
      'speaks the older protocol',
      (socket) => socket.send({ id: '1', type: 'start', payload: { query: '{ a }' } }),
      '4400 send connection_init, subscribe',
    ],
    [
      'sends more than the protocol has',
      (socket) => socket.send({ id: '1', type: 'complete', extra: 1 }),
      '4400 send connection_init, subscribe',
    ],
    [
      'gives no id',
      (socket) => socket.send({ type: 'subscribe', payload: { query: '{ a }' } }),
      '4400 send connection_init, subscribe',
    ],
    [
      'gives a number for an id',
      (socket) => socket.send({ id: 1, type: 'subscribe', payload: { query: '{ a }' } }),
      '4400 send connection_init, subscribe',
    ],
    [
      'says something twice that readers may read differently',
      (socket) =>
        socket.send(
          '{"id":"1","type":"subscribe","payload":{"query":"{ a }"},"payload":{"query":"{ b }"}}',
        ),
      '4400 a name stands twice',
    ],
    [
      'uses an id that is in use',
      (socket) => {
        socket.subscribe('1', 'subscription { a }');
        socket.subscribe('1', 'subscription { a }');
      },
      '4409 an operation of this id runs already',
    ],
    [
      'sends more than a query may be',
      (socket) => socket.subscribe('1', `{ a(b: "${'x'.repeat(100_000)}") }`),
      '1009 a message has at most 100000 bytes',
    ],
  ])('an acknowledged client that %s is put out', async (_what, act, expected) => {
    const socket = await acknowledged();
    act(socket);
    expect(await socket.ended).toContain(expected);
    await expect.poll(() => hasura.open.length).toBe(0);
    expect(
      hasura.connections[0]?.received.filter((text) => !text.includes('Authorization')),
    ).toEqual([]);
  });

  test.each([[['graphql-ws']], [[]], [['graphql-ws', 'x']]])(
    'the older protocol, or none, is refused with a sentence: %j',
    async (protocols) => {
      const socket = await bare({ protocols });
      socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
      expect(await socket.ended).toBe(
        '4406 speak graphql-transport-ws: graphql-ws, of subscriptions-transport-ws, is not served here',
      );
      expect([socket.heard, hasura.connections]).toEqual([[], []]);
    },
  );

  test('the kept protocol is chosen among several', async () => {
    const socket = await bare({ protocols: ['graphql-ws', 'graphql-transport-ws'] });
    expect(socket.raw.protocol).toBe('graphql-transport-ws');
  });

  test.each(['/graphql', '/check', '/healthz', '/metrics', '/', '/sockets/', '/%73ockets'])(
    'nothing is upgraded at %s',
    async (path) => {
      const { status, headers, body } = await ask(guard.port, path, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'graphql-transport-ws',
        },
      });
      expect([status, headers['x-strata-reason'], JSON.parse(body)]).toEqual([
        400,
        'websocket_unsupported',
        {
          errors: [
            {
              message: 'WebSocket is not served here: use POST',
              extensions: { code: 'websocket_unsupported' },
            },
          ],
        },
      ]);
    },
  );

  test('a door with sockets still takes queries by POST', async () => {
    const { status, body } = await send(
      guard.port,
      { query: '{ a }' },
      world.bearer(world.people.ann),
      '/sockets',
    );
    expect([status, body]).toEqual([200, '{"data":{"ok":true}}']);
  });

  test('an operation is passed on as it came', async () => {
    const socket = await acknowledged();
    const text =
      '{ "id":"1", "type":"subscribe","payload":{"query":"{ a }","variables":{"n":12345678901234567890}}}';
    socket.send(text);
    expect((await socket.next()).type).toBe('next');
    expect(hasura.open[0]?.received.at(-1)).toBe(text);
  });

  const deep = `{ ${'a { '.repeat(13)} b ${'} '.repeat(13)} }`;
  test.each<[string, unknown, string]>([
    ['too deep', { query: deep }, 'query_too_deep'],
    ['too costly', { query: '{ a(first: 60000) { b } }' }, 'query_too_costly'],
    [
      'too costly by a variable',
      { query: 'subscription($n: Int) { a(first: $n) { b } }', variables: { n: 60000 } },
      'query_too_costly',
    ],
    [
      'of too many names',
      { query: `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: x { b }`).join(' ')} }` },
      'query_too_wide',
    ],
    ['that asks for the schema', { query: '{ __schema { types { name } } }' }, 'introspection_off'],
    ['no query', { query: '{' }, 'query_invalid'],
    ['no text', { query: 1 }, 'body_invalid'],
    ['nothing', undefined, 'body_invalid'],
    ['two', [{ query: '{ a }' }, { query: '{ b }' }], 'body_invalid'],
    [
      'a document by its hash',
      { extensions: { persistedQuery: {} }, query: '{ a }' },
      'body_invalid',
    ],
    ['a document by its id', { documentId: 'x' }, 'body_invalid'],
  ])('an operation %s is refused, and the socket lives on', async (_what, given, code) => {
    const socket = await acknowledged();
    socket.send({ id: 'x', type: 'subscribe', payload: given });
    expect(await socket.refusal()).toBe(`x error ${code}`);
    socket.subscribe('x', '{ a }');
    expect((await socket.next()).type).toBe('next');
    expect(hasura.open[0]?.received).toHaveLength(2);
  });
});

function subjectOf({ tenant, id, role }: Person): {
  tenantId: string;
  userId: string;
  role: string;
} {
  return { tenantId: tenant, userId: id, role: `tenant_${role}` };
}
