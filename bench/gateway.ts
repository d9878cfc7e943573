import { startNginx } from '../test/support/gateway/nginx';
import { startNames } from '../test/support/gateway/names';
import { gatewayInput, service } from '../test/support/gateway/platform';
import { noRedis } from '../test/support/guard/redis';
import { GuardWorld } from '../test/support/guard/world';
import { figures, ratios, type Table } from './figures';
import { load, trivialService, type Load, type Target } from './requests';

const pairs = 5;
const seconds = 3;

const ways = ['direct', 'open', 'token', 'graphql', 'working', 'workingOpen'] as const;
type Way = (typeof ways)[number];

/**
 * What the way in costs: a service that answers at once, asked directly; through nginx (TLS, headers, limits, log) on an
 * open route (also before one that works for 3 ms a request); on a route where nginx asks the guard; and as GraphQL, which goes through the guard. Real nginx with the
 * rendered configuration, real guard, Redis and Postgres, in turn; the load comes from this process.
 */
export async function gateway(): Promise<Table> {
  if (noRedis !== undefined) throw new Error(noRedis);
  const world = await GuardWorld.start();
  const app = await trivialService();
  const upstream = `http://127.0.0.1:${app.port}/`;
  const door = { path: '/graphql', upstream, timeoutSeconds: 5, websocket: false };
  const { port } = await world.guard({}, { config: { ...world.config(), graphql: [door] } });
  const services = [
    service('guard', port),
    service('graphql', app.port, { graphql: { path: '/graphql', access: 'graphql' } }),
    service('open', app.port, { open: { path: '/open/', access: 'public' } }),
    service('working', app.port, { working: { path: '/working/', access: 'public' } }),
    service('storage', app.port, { storage: { path: '/storage/', access: 'token' } }),
  ];
  const names = await startNames(
    Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])),
  );
  const limits = { perSecond: 100_000, burst: 100_000, connections: 1000 };
  const nginx = await startNginx(gatewayInput({ limits }), services, { resolver: names.address });
  try {
    const headers = { ...world.bearer(world.people.ann), host: 'api.example.org' };
    const json = { ...headers, 'content-type': 'application/json' };
    const inside = { port: nginx.https, tls: true, expected: 200 } as const;
    const query = JSON.stringify({ query: '{ notes { nodes { id body } } }' });
    return await measure({
      direct: { method: 'GET', path: '/open/a', port: app.port, headers, expected: 200 },
      open: { ...inside, method: 'GET', path: '/open/a', headers },
      working: { method: 'GET', path: '/working/a', port: app.port, headers, expected: 200 },
      workingOpen: { ...inside, method: 'GET', path: '/working/a', headers },
      token: { ...inside, method: 'GET', path: '/storage/a', headers },
      graphql: { ...inside, method: 'POST', path: '/graphql', headers: json, body: query },
    });
  } finally {
    await nginx.stop();
    names.close();
    app.child.kill('SIGKILL');
    await world.stop();
  }
}

async function measure(targets: Readonly<Record<Way, Target>>): Promise<Table> {
  const measured = Object.fromEntries(ways.map((way) => [way, [] as Load[]])) as Record<
    Way,
    Load[]
  >;
  for (const way of ways) await load(targets[way], 1);
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const way of pair % 2 ? ways : ways.toReversed()) {
      measured[way].push(await load(targets[way], seconds));
    }
    process.stderr.write(`pair ${pair + 1} of ${pairs}\n`);
  }
  const of = (way: Way, what: keyof Load): number[] => measured[way].map((one) => one[what]);
  return {
    'direct, requests/s': figures(of('direct', 'rate')),
    'nginx, requests/s': figures(of('open', 'rate')),
    'nginx / direct, requests/s': ratios(of('open', 'rate'), of('direct', 'rate')),
    'nginx / direct, a service that works 3 ms': ratios(
      of('workingOpen', 'rate'),
      of('working', 'rate'),
    ),
    'nginx that asks the guard / nginx, requests/s': ratios(
      of('token', 'rate'),
      of('open', 'rate'),
    ),
    'GraphQL by nginx and guard / nginx, requests/s': ratios(
      of('graphql', 'rate'),
      of('open', 'rate'),
    ),
    'direct, p99 ms': figures(of('direct', 'slow')),
    'nginx, p99 ms': figures(of('open', 'slow')),
    'nginx that asks the guard, p99 ms': figures(of('token', 'slow')),
    'GraphQL by nginx and guard, p99 ms': figures(of('graphql', 'slow')),
  };
}
