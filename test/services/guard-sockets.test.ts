import { decodeJwt } from 'jose';
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
import { randomFrom, runs, seed } from '../support/random';
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
  const claims = (person: Person): Record<string, unknown> => ({
    headers: { Authorization: bearer(person) },
  });
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
    const token = bearer(ann);
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
        authorization: token,
        'X-Hasura-Admin-Secret': 'forged',
        'X-Hasura-Role': 'admin',
        'x-hasura-user-id': world.people.gus.id,
      },
    };
    expect(await initWith(given, { headers, path: '/sockets?token=x' })).toBe('connection_ack');
    const [connection] = hasura.open;
    const payloadOf = { headers: { Authorization: token } };
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

  test('an API key is let in with what it opens, and its token ends with the socket', async () => {
    const { ann } = world.people;
    const reading = await world.key(ann, { scopes: ['graphql:read'] });
    const socket = kept(await Socket.acknowledged(guard.port, { 'x-api-key': reading.text }));
    const authorization = hasura.open[0]?.inits[0]?.payload?.headers?.Authorization ?? '';
    const { exp = 0, iat = 0 } = decodeJwt(authorization.replace('Bearer ', ''));
    expect(exp - iat).toBeGreaterThan(890);
    socket.subscribe('1', '{ a }');
    expect((await socket.next()).type).toBe('next');
    await socket.next();
    socket.subscribe('2', 'mutation { a }');
    expect(await socket.refusal()).toBe('2 error scope_missing');
    socket.subscribe('3', 'query A { a } mutation B { b }');
    expect(await socket.refusal()).toBe('3 error query_invalid');
    const storing = await world.key(ann, { scopes: ['storage:*', 'graphql:write'] });
    expect(await initWith({ headers: { 'X-API-Key': storing.text } })).toBe(
      '4403 this API key does not open graphql:read; it opens storage:*, graphql:write',
    );
  });

  test('no socket outlives the API key that it is open by', async () => {
    const key = await world.key(world.people.ann, { scopes: ['graphql:*'], seconds: 5 });
    const socket = kept(await Socket.acknowledged(guard.port, { 'x-api-key': key.text }));
    expect(await socket.ended).toBe('4403 token expired');
  });

  test('a token that ends after longer than a timer can wait opens a socket too', async () => {
    const token = world.token(world.people.ann, { exp: Math.floor(Date.now() / 1000) + 4_000_000 });
    const socket = kept(await Socket.acknowledged(guard.port, { authToken: token }));
    socket.subscribe('1', '{ a }');
    expect((await socket.next()).type).toBe('next');
  });

  test('a socket ends with its token, and the service hears of it', async () => {
    const { ann } = world.people;
    const exp = Math.floor(Date.now() / 1000) + 5;
    const token = world.token(ann, { exp });
    const socket = kept(await Socket.acknowledged(guard.port, { authToken: token }));
    socket.subscribe('1', 'subscription { a }');
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(1);
    // The guard's own clock, not the service's.
    hasura.open[0]?.socket.removeAllListeners('close');
    expect(await socket.ended).toBe('4403 token expired');
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    await expect.poll(() => hasura.open.length).toBe(0);
    hasura.change('late');
    expect(socket.heard.filter(({ type }) => type === 'next')).toEqual([]);
  });

  const changes: [string, string, (person: Person, key: string) => Promise<unknown>][] = [
    [
      'the tenant is suspended',
      '4403 this tenant is not active',
      ({ tenant }) =>
        world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
          tenant,
        ]),
    ],
    [
      'the API key is revoked',
      '4403 this API key was revoked',
      (_person, key) =>
        world.admin.query('update registry.api_keys set revoked_at = now() where id = $1', [key]),
    ],
    [
      'the member of the key leaves',
      '4403 there is no such API key',
      ({ id }) => world.admin.query('delete from registry.members where user_id = $1', [id]),
    ],
    [
      'the tenant gets another name',
      '4403 this is not your tenant',
      ({ tenant }) =>
        world.admin.query(`update registry.tenants set slug = 'renamed' where id = $1`, [tenant]),
    ],
  ];
  test.each(changes)(
    'a socket by API key is closed at once when %s',
    async (what, expected, act) => {
      const slug = `eve${String(changes.findIndex(([name]) => name === what))}`;
      const eve = await world.newcomer(slug);
      const key = await world.key(eve, { scopes: ['graphql:*'] });
      const socket = kept(
        await Socket.acknowledged(
          guard.port,
          { 'x-api-key': key.text },
          { headers: { 'x-tenant-host': slug } },
        ),
      );
      const other = await acknowledged();
      await act(eve, key.id);
      const began = performance.now();
      expect(await socket.ended).toBe(expected);
      expect(performance.now() - began).toBeLessThan(2_000);
      other.subscribe('1', '{ a }');
      expect((await other.next()).type).toBe('next');
      expect(
        await initWith({ 'x-api-key': key.text }, { headers: { 'x-tenant-host': slug } }),
      ).toBe(expected);
    },
  );

  test('a socket by token is closed at once when its tenant is suspended', async () => {
    const eve = await world.newcomer('eve-of-token');
    const socket = await acknowledged(eve);
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      eve.tenant,
    ]);
    expect(await socket.ended).toBe('4403 this tenant is not active');
  });

  test('what changed while a socket was decided on is heard before it is acknowledged', async () => {
    const eve = await world.newcomer('eve-in-between');
    const witness = await acknowledged(eve);
    let acknowledge = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      hasura.onInit = ({ socket }) => {
        acknowledge = () => socket.send('{"type":"connection_ack"}');
        resolve();
      };
    });
    const ended = initWith(claims(eve));
    await asked;
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      eve.tenant,
    ]);
    await witness.ended;
    acknowledge();
    expect(await ended).toBe('4403 this tenant is not active');
  });

  test('what the guard did not hear of it learns at the next ping', async () => {
    const eve = await world.newcomer('eve-unheard');
    const deaf = await world.guard({ sockets: { pingSeconds: 1 } });
    const socket = await acknowledged(eve, deaf.port);
    await world.admin.query('alter table registry.tenants disable trigger tell_guard');
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      eve.tenant,
    ]);
    await world.admin.query('alter table registry.tenants enable trigger tell_guard');
    expect(await socket.ended).toBe('4403 this tenant is not active');
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
      'subscribes before the service behind has acknowledged it',
      async (socket) => {
        hasura.onInit = () => undefined;
        socket.send({ type: 'connection_init', payload: claims(world.people.ann) });
        await expect.poll(() => hasura.open[0]?.user).toBe(world.people.ann.id);
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
      '1009',
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

  test('a thousand subscriptions over one socket are a hundred', async () => {
    const socket = await acknowledged();
    for (let n = 0; n < 1000; n += 1) socket.subscribe(String(n), 'subscription { a }');
    await expect.poll(() => socket.heard.length, { timeout: 10_000 }).toBe(901);
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(100);
    expect(await socket.refusal()).toMatch(/^\d+ error operations_limited$/);
    socket.send({ id: '0', type: 'complete' });
    socket.subscribe('again', 'subscription { a }');
    await expect.poll(() => hasura.open[0]?.subscriptions.has('again')).toBe(true);
    const metrics = (await ask(guard.port, '/metrics')).body;
    expect(metrics).toContain('strata_guard_socket_operations{kind="subscription"} 100');
    socket.close();
    await expect
      .poll(async () => (await ask(guard.port, '/metrics')).body)
      .toContain('strata_guard_socket_operations{kind="subscription"} 0');
  });

  test('each operation counts as a request, and its cost counts', async () => {
    const eve = await world.newcomer('eve-counted');
    const strict = await world.guard({
      limits: { user: { perMinute: 4, burst: 4 }, costPerMinute: 10 },
    });
    const socket = await acknowledged(eve, strict.port);
    socket.subscribe('1', '{ a b c d e f }');
    expect((await socket.next()).type).toBe('next');
    await socket.next();
    socket.subscribe('2', '{ a b c d e f }');
    expect(await socket.refusal()).toBe('2 error cost_limited');
    socket.subscribe('3', '{ a }');
    expect(await socket.refusal()).toBe('3 error cost_limited');
    socket.subscribe('4', '{ a }');
    expect(await socket.refusal()).toBe('4 error rate_limited');
  });

  test('one user has so many sockets at a time, over all guards, and one tenant', async () => {
    const eve = await world.newcomer('eve-of-many');
    const fay = { ...world.people.ann, tenant: eve.tenant };
    const limits = { sockets: { perUser: 2, perTenant: 3 } };
    const [one, two] = [await world.guard(limits), await world.guard(limits)];
    const first = await acknowledged(eve, one.port);
    await acknowledged(eve, two.port);
    await expect(acknowledged(eve, two.port)).rejects.toThrow('1013 your 2 sockets are in use');
    await acknowledged(fay, one.port);
    await expect(acknowledged(fay, one.port)).rejects.toThrow("1013 your tenant's 3 sockets");
    first.close();
    await expect
      .poll(async () =>
        acknowledged(eve, two.port).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  test('a guard that was killed does not keep its sockets counted', async () => {
    const eve = await world.newcomer('eve-of-the-killed');
    const limits = { sockets: { perUser: 1, pingSeconds: 1 } };
    const [one, two] = [await world.guard(limits), await world.guard(limits)];
    await acknowledged(eve, one.port);
    one.child.kill('SIGKILL');
    await expect(acknowledged(eve, two.port)).rejects.toThrow('1013');
    await expect
      .poll(
        async () =>
          acknowledged(eve, two.port).then(
            () => true,
            () => false,
          ),
        { timeout: 8_000 },
      )
      .toBe(true);
    // Longer than a seat is kept that is not renewed.
    const renewed = await world.redis.admin((redis) => redis.keys(`guard:*sockets:${eve.tenant}*`));
    expect(renewed).toHaveLength(2);
    const began = Date.now();
    while (Date.now() - began < 4_000) {
      await expect(acknowledged(eve, two.port)).rejects.toThrow('1013');
    }
  });

  test('what the service sends without having been asked goes no further', async () => {
    const socket = await acknowledged();
    const connection = hasura.open[0];
    if (!connection) throw new Error('no connection');
    hasura.onOperation = () => undefined;
    socket.subscribe('mine', 'subscription { a }');
    await expect.poll(() => connection.received.length).toBe(2);
    answer(connection, 'never', 'secret');
    connection.socket.send('{"id":"never","type":"error","payload":[]}');
    connection.socket.send('{"id":"never","type":"complete"}');
    connection.socket.send('{"type":"connection_ack"}');
    connection.socket.send('{"type":"connection_error","payload":"JWTExpired"}');
    connection.socket.send('{"type":"subscribe","id":"mine","payload":{"query":"{ a }"}}');
    connection.socket.send('{"type":"ping"}');
    await expect.poll(() => connection.received.at(-1)).toBe('{"type":"pong"}');
    answer(connection, 'mine', 'asked for');
    expect(await socket.next()).toMatchObject({ id: 'mine', type: 'next' });
    socket.send({ id: 'mine', type: 'complete' });
    await expect.poll(() => connection.received.length).toBe(4);
    answer(connection, 'mine', 'too late');
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
  });

  test('what was ended before it was admitted is not passed on', async () => {
    const socket = await acknowledged();
    socket.subscribe('1', 'subscription { a }');
    socket.send({ id: '1', type: 'complete' });
    socket.subscribe('1', '{ b }');
    expect((await socket.next()).type).toBe('next');
    expect((await socket.next()).type).toBe('complete');
    expect(
      hasura.open[0]?.received.slice(1).map((text) => text.includes('subscription {')),
    ).toEqual([false]);
  });

  test.each<[string, (one: HasuraSockets) => void, string]>([
    [
      'vanishes',
      ({ open: [connection] }) => connection?.socket.terminate(),
      '1012 the service behind has left: connect again',
    ],
    [
      'says goodbye',
      ({ open: [connection] }) => connection?.socket.close(1000),
      '1012 the service behind has left: connect again',
    ],
    [
      'puts its client out',
      ({ open: [connection] }) => connection?.socket.close(4403),
      '4403 the service behind does not take this token',
    ],
    [
      'sends no JSON',
      ({ open: [connection] }) => connection?.socket.send('{'),
      '1011 the socket could not be served',
    ],
    [
      'sends more than a result may be',
      ({ open: [connection] }) => connection?.socket.send('x'.repeat(4_000_001)),
      '1009 a result is larger than is allowed',
    ],
  ])('a client is told when the service %s', async (_what, act, expected) => {
    const socket = await acknowledged();
    act(hasura);
    expect(await socket.ended).toBe(expected);
  });

  test('a client is told when the service is away, or does not take the token', async () => {
    expect(await initWith(claims(world.people.ann), { path: '/away' })).toBe(
      '1013 the service behind does not answer',
    );
    hasura.onInit = ({ socket }) => socket.close(4403);
    expect(await initWith(claims(world.people.ann))).toBe(
      '4403 the service behind does not take this token',
    );
    hasura.onInit = () => undefined;
    expect(await initWith(claims(world.people.ann))).toBe('1013 the service behind takes too long');
  });

  test('a client that does not read holds up the service, not the guard, and is put out', async () => {
    const small = await world.guard({ sockets: { pingSeconds: 1 } });
    const socket = await acknowledged(world.people.ann, small.port);
    socket.subscribe('1', 'subscription { a }');
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(1);
    const [connection] = hasura.open;
    socket.raw.pause();
    const value = 'x'.repeat(100_000);
    let sent = 0;
    while (connection?.socket.readyState === WebSocket.OPEN && sent < 2_000) {
      if (connection.socket.bufferedAmount < 1_000_000) {
        answer(connection, '1', value);
        sent += 1;
      } else await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // 200 MB were never taken: what did not fit into buffers stayed with the service.
    expect(sent).toBeLessThan(500);
    await expect.poll(() => small.log()).toContain('"reason":"client_slow"');
    socket.raw.resume();
  });

  test('a client that does not answer pings is put out, one that does stays', async () => {
    const quick = await world.guard({ sockets: { pingSeconds: 1 } });
    const silent = kept(await Socket.open(quick.port, { autoPong: false }));
    silent.send({ type: 'connection_init', payload: claims(world.people.ann) });
    const alive = await acknowledged(world.people.ann, quick.port);
    expect(await silent.ended).toBe('1013 the client does not answer');
    alive.send({ type: 'ping' });
    expect(await alive.next()).toEqual({ type: 'pong' });
  });

  test('a flood of messages waits in the network', async () => {
    const socket = await acknowledged();
    for (let n = 0; n < 20_000; n += 1) socket.send('{"type":"ping"}');
    await socket.next();
    const began = performance.now();
    expect((await ask(guard.port, '/healthz')).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(socket.heard.length).toBeLessThan(15_000);
  });

  test('a guard that stops lets answers come, tells everybody to connect again, and takes nobody', async () => {
    const going = await world.guard();
    const idle = await acknowledged(world.people.ann, going.port);
    idle.subscribe('1', 'subscription { a }');
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(1);
    const asked = new Promise<() => void>((resolve) => {
      hasura.onOperation = (connection, { id = '' }) => {
        resolve(() => {
          answer(connection, id, 1);
          connection.socket.send(JSON.stringify({ id, type: 'complete' }));
        });
      };
    });
    const busy = await acknowledged(world.people.ann, going.port);
    busy.subscribe('1', 'mutation { a }');
    const reply = await asked;
    const stopped = going.stop();
    expect(await idle.ended).toBe('1001 the guard restarts: connect again');
    const late = Socket.open(going.port).then(
      () => 'open',
      (error: unknown) => (error as Error).message,
    );
    busy.subscribe('2', '{ a }');
    expect(await busy.refusal()).toBe('2 error guard_stops');
    reply();
    expect((await busy.next()).type).toBe('next');
    expect(await busy.ended).toBe('1001 the guard restarts: connect again');
    expect(await late).toMatch(/503|ECONNREFUSED/);
    expect(await stopped).toBe(0);
  });

  test('no log line and no label says who somebody is beyond tenant and user', async () => {
    const socket = await acknowledged();
    socket.subscribe('1', '{ hush }');
    await socket.next();
    socket.close();
    await expect.poll(() => guard.log()).toContain('"door":"socket"');
    const token = world.token(world.people.ann);
    const metrics = (await ask(guard.port, '/metrics')).body;
    for (const secret of ['hush', token.split('.')[2] ?? '', 'Bearer']) {
      expect(guard.log()).not.toContain(secret);
      expect(metrics).not.toContain(secret);
    }
    expect(metrics).not.toContain(world.people.ann.id);
  });

  test(`two people's messages never cross (STRATA_TEST_SEED=${String(seed)})`, async () => {
    const random = randomFrom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const { ann, bob, gus } = world.people;
    const sockets: { person: Person; socket: Socket; ids: Set<string> }[] = [];
    for (let n = 0; n < 8; n += 1) {
      const person = pick([ann, bob, gus]);
      sockets.push({ person, socket: await acknowledged(person), ids: new Set() });
    }
    let asked = 0;
    for (let step = 0; step < runs(400); step += 1) {
      const { socket, ids, person } = pick(sockets);
      // The same ids everywhere: only the socket tells them apart.
      const id = String(Math.floor(random() * 6));
      const act = random();
      if (act < 0.3 && !ids.has(id)) {
        ids.add(id);
        socket.subscribe(id, 'subscription { a }');
      } else if (act < 0.45 && ids.delete(id)) socket.send({ id, type: 'complete' });
      else if (act < 0.7) {
        asked += 1;
        socket.subscribe(`q${String(asked)}`, '{ a }', { value: `of ${person.id} ${asked}` });
      } else {
        hasura.change(`to ${person.tenant}`, ({ tenant }) => tenant === person.tenant);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await expect
      .poll(
        () =>
          sockets
            .flatMap(({ socket }) => socket.heard)
            .filter(({ type, id }) => type === 'complete' && id?.startsWith('q')).length,
      )
      .toBe(asked);
    for (const { person, socket } of sockets) {
      for (const { type, id, payload: given } of socket.heard.slice(1)) {
        if (type === 'complete') continue;
        const value = id?.startsWith('q')
          ? (expect.stringContaining(`of ${person.id} `) as string)
          : `to ${person.tenant}`;
        expect([type, given]).toEqual(['next', result(person, value)]);
      }
    }
  });
});

function subjectOf({ tenant, id, role }: Person): {
  tenantId: string;
  userId: string;
  role: string;
} {
  return { tenantId: tenant, userId: id, role: `tenant_${role}` };
}
