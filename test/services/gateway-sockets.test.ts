import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { noRedis } from '../support/guard/redis';
import { Socket } from '../support/guard/socket';
import { GuardWorld, issuer } from '../support/guard/world';
import { HasuraSockets } from '../support/hasura-sockets';

const missing = noNginx ?? noRedis;
const title = 'GraphQL over sockets through nginx and the guard, before a stand-in for Hasura';

describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
  let world: GuardWorld;
  let hasura: HasuraSockets;
  let names: Names;
  let gateway: Running;

  beforeAll(async () => {
    world = await GuardWorld.start();
    hasura = await HasuraSockets.start(issuer);
    const door = { upstream: hasura.url, timeoutSeconds: 5 };
    world.doors = [
      { ...door, path: '/live', websocket: true },
      { ...door, path: '/asked', websocket: false },
    ];
    const guard = await world.guard();
    names = await startNames({ guard: ['127.0.0.1'], hasura: ['127.0.0.1'] });
    gateway = await startNginx(
      gatewayInput({ cors: { origins: ['https://app.example.net'] } }),
      [
        service('guard', guard.port),
        service('hasura', 1, {
          live: { path: '/live', access: 'graphql', websocket: true },
          asked: { path: '/asked', access: 'graphql' },
        }),
      ],
      { resolver: names.address },
    );
  });
  afterAll(async () => {
    await gateway.stop();
    names.close();
    await world.stop();
    await hasura.stop();
  });

  const open = (
    host: string,
    path = '/live',
    headers: Record<string, string> = {},
  ): Promise<Socket | number> => {
    const url = `wss://127.0.0.1:${String(gateway.https)}${path}`;
    const options = { rejectUnauthorized: false, servername: host, headers: { host, ...headers } };
    const raw = new WebSocket(url, ['graphql-transport-ws'], options);
    const socket = Socket.of(raw);
    return Promise.race([
      once(raw, 'open').then(() => socket),
      once(raw, 'unexpected-response').then(([, response]) => {
        raw.terminate();
        return (response as { statusCode: number }).statusCode;
      }),
    ]);
  };
  const init = async (socket: Socket | number): Promise<string> => {
    if (typeof socket === 'number') return String(socket);
    const { authorization } = world.bearer(world.people.ann);
    socket.send({
      type: 'connection_init',
      payload: { headers: { Authorization: authorization } },
    });
    const first = await Promise.race([socket.next(), socket.ended]);
    return typeof first === 'string' ? first : first.type;
  };

  test('a subscription lives through both, and ends when its tenant is suspended', async () => {
    const { ann, acme } = world.people;
    const socket = await open('acme.example.org');
    if (typeof socket === 'number') throw new Error(`answered ${String(socket)}`);
    expect(await init(socket)).toBe('connection_ack');
    socket.subscribe('1', 'subscription { a }');
    await expect.poll(() => hasura.open[0]?.subscriptions.size).toBe(1);
    expect(hasura.open[0]?.headers).toMatchObject({
      'x-strata-tenant': acme.id,
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
    });
    hasura.change('news');
    expect(await socket.next()).toEqual({
      id: '1',
      type: 'next',
      payload: { data: { tenant: ann.tenant, user: ann.id, value: 'news' } },
    });
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      acme.id,
    ]);
    expect(await socket.ended).toBe('4403 this tenant is not active');
    await world.admin.query(`update registry.tenants set status = 'active' where id = $1`, [
      acme.id,
    ]);
    await expect
      .poll(async () => init(await open('acme.example.org')), { timeout: 30_000 })
      .toBe('connection_ack');
  });

  test("is refused at another tenant's host and path", async () => {
    expect(await init(await open('globex.example.org'))).toBe('4403 this is not your tenant');
    expect(await init(await open('api.example.org', '/t/globex/live'))).toBe(
      '4403 this is not your tenant',
    );
    expect(await init(await open('api.example.org', '/t/acme/live'))).toBe('connection_ack');
  });

  test('pages of other origins open none, those that may call do', async () => {
    const answers = await Promise.all(
      [
        'https://evil.example',
        'null',
        'https://globex.example.org',
        'https://acme.example.org',
        'https://app.example.net',
      ].map(async (origin) => {
        const socket = await open('acme.example.org', '/live', { origin });
        return typeof socket === 'number' ? socket : 'open';
      }),
    );
    expect(answers).toEqual([403, 403, 403, 'open', 'open']);
  });

  test('a GraphQL path that does not say so upgrades nothing', async () => {
    // To the guard it is a GET of somebody who does not say who that is.
    expect(await open('acme.example.org', '/asked')).toBe(401);
  });
});
