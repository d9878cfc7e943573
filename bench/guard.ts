import { noRedis } from '../test/support/guard/redis';
import { GuardWorld } from '../test/support/guard/world';
import { figures, ratios, type Table } from './figures';
import { load, trivialService, type Load, type Target } from './requests';

const pairs = 5;
const seconds = 3;

interface Measured extends Load {
  /** Microseconds of processor time that the guard took for one request. */
  readonly cpu: number;
}

const ways = ['direct', 'graphql', 'token', 'key'] as const;
type Way = (typeof ways)[number];

/**
 * What the guard costs: GraphQL through it against the same service asked directly, in turn, and what its door `/check`
 * answers by itself. Real Postgres and Redis; the load comes from this process, so it takes its part of the machine.
 */
export async function guard(): Promise<Table> {
  if (noRedis !== undefined) throw new Error(noRedis);
  const world = await GuardWorld.start();
  const service = await trivialService();
  try {
    const measured = await measure(world, service.port);
    const of = (way: Way, what: keyof Measured): number[] => measured[way].map((one) => one[what]);
    return {
      'direct, requests/s': figures(of('direct', 'rate')),
      'through the guard, requests/s': figures(of('graphql', 'rate')),
      'guard / direct, requests/s': ratios(of('graphql', 'rate'), of('direct', 'rate')),
      'direct, p99 ms': figures(of('direct', 'slow')),
      'through the guard, p99 ms': figures(of('graphql', 'slow')),
      'guard / direct, p99': ratios(of('graphql', 'slow'), of('direct', 'slow')),
      '/check by token, requests/s': figures(of('token', 'rate')),
      '/check by token, median ms': figures(of('token', 'median')),
      '/check by token, p99 ms': figures(of('token', 'slow')),
      '/check by API key, requests/s': figures(of('key', 'rate')),
      '/check by API key, p99 ms': figures(of('key', 'slow')),
      'guard, CPU µs for a query': figures(of('graphql', 'cpu')),
      'guard, CPU µs for a token': figures(of('token', 'cpu')),
      'guard, CPU µs for an API key': figures(of('key', 'cpu')),
    };
  } finally {
    service.child.kill('SIGKILL');
    await world.stop();
  }
}

async function measure(world: GuardWorld, servicePort: number): Promise<Record<Way, Measured[]>> {
  const config = world.config();
  const door = {
    path: '/graphql',
    upstream: `http://127.0.0.1:${servicePort}/`,
    timeoutSeconds: 5,
    websocket: false,
  };
  const { port } = await world.guard({}, { config: { ...config, graphql: [door] } });
  const key = await world.key(world.people.ann);
  const token = world.bearer(world.people.ann);
  const post = { method: 'POST', path: '/graphql', expected: 200, body } as const;
  const headers = { ...token, 'content-type': 'application/json' };
  const check = { method: 'GET', path: '/check', port, expected: 204 } as const;
  const original = { 'x-original-method': 'GET', 'x-original-uri': '/storage/a' };
  const targets: Record<Way, Target> = {
    direct: { ...post, port: servicePort, headers },
    graphql: { ...post, port, headers },
    token: { ...check, headers: { ...token, ...original } },
    key: { ...check, headers: { 'x-api-key': key.text, ...original } },
  };
  const measured: Record<Way, Measured[]> = { direct: [], graphql: [], token: [], key: [] };
  for (const way of ways) await load(targets[way], 1);
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const way of pair % 2 ? ways : ways.toReversed()) {
      const before = await processorSeconds(port);
      const one = await load(targets[way], seconds);
      const used = (await processorSeconds(port)) - before;
      measured[way].push({ ...one, cpu: (used / (one.rate * seconds)) * 1e6 });
    }
    process.stderr.write(`pair ${pair + 1} of ${pairs}\n`);
  }
  return measured;
}

const body = JSON.stringify({
  query: 'query ($n: Int) { notes(first: $n) { nodes { id body author { id } } } }',
  variables: { n: 20 },
});

/** What the guard has used of the processor since it started. */
async function processorSeconds(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
}
