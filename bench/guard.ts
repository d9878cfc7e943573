import { spawn, type ChildProcess } from 'node:child_process';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { unusedPort } from '../test/support/local';
import { noRedis } from '../test/support/guard/redis';
import { GuardWorld } from '../test/support/guard/world';
import { figures, row, type Figures } from './figures';

const pairs = 5;
const seconds = 3;
const connections = 16;

interface Target {
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly expected: number;
}

interface Measured {
  /** Requests in one second. */
  readonly rate: number;
  /** Milliseconds of one request, the middle one and the slowest of a hundred. */
  readonly median: number;
  readonly slow: number;
  /** Microseconds of processor time that the guard took for one request. */
  readonly cpu: number;
}

const ways = ['direct', 'graphql', 'token', 'key'] as const;
type Way = (typeof ways)[number];

/**
 * What the guard costs: GraphQL through it against the same service asked directly, in turn, and what its door `/check`
 * answers by itself. Real Postgres and Redis; the load comes from this process, so it takes its part of the machine.
 */
export async function guard(): Promise<void> {
  if (noRedis !== undefined) throw new Error(noRedis);
  const world = await GuardWorld.start();
  const service = await trivialService();
  try {
    const measured = await measure(world, service.port);
    const of = (way: Way, what: keyof Measured): number[] => measured[way].map((one) => one[what]);
    const ratio = (what: keyof Measured): Figures =>
      figures(of('graphql', what).map((value, i) => value / (of('direct', what)[i] ?? Number.NaN)));
    const lines = [
      row('direct, requests/s', figures(of('direct', 'rate'))),
      row('through the guard, requests/s', figures(of('graphql', 'rate'))),
      row('guard / direct, requests/s', ratio('rate')),
      row('direct, p99 ms', figures(of('direct', 'slow'))),
      row('through the guard, p99 ms', figures(of('graphql', 'slow'))),
      row('guard / direct, p99', ratio('slow')),
      row('/check by token, requests/s', figures(of('token', 'rate'))),
      row('/check by token, median ms', figures(of('token', 'median'))),
      row('/check by token, p99 ms', figures(of('token', 'slow'))),
      row('/check by API key, requests/s', figures(of('key', 'rate'))),
      row('/check by API key, p99 ms', figures(of('key', 'slow'))),
      row('guard, CPU µs for a query', figures(of('graphql', 'cpu'))),
      row('guard, CPU µs for a token', figures(of('token', 'cpu'))),
      row('guard, CPU µs for an API key', figures(of('key', 'cpu'))),
    ];
    process.stdout.write(`${''.padEnd(34)}     min  median     max\n${lines.join('\n')}\n`);
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
  };
  const { port } = await world.guard({}, { config: { ...config, graphql: [door] } });
  const key = await world.key(world.people.ann);
  const token = world.bearer(world.people.ann);
  const post = { method: 'POST', path: '/graphql', expected: 200 } as const;
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

/** As many requests as go through over kept connections, one after the other on each. */
async function load(target: Target, duration: number): Promise<Omit<Measured, 'cpu'>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const took: number[] = [];
  const started = performance.now();
  const end = started + duration * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const before = performance.now();
      await once(target, agent);
      took.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1000;
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (part: number): number => took[Math.floor(took.length * part)] ?? Number.NaN;
  return { rate: took.length / elapsed, median: at(0.5), slow: at(0.99) };
}

function once(target: Target, agent: http.Agent): Promise<void> {
  const { expected, headers, ...rest } = target;
  const sent = target.method === 'POST' ? body : undefined;
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1',
      agent,
      ...rest,
      headers: { ...headers, ...(sent && { 'content-length': sent.length }) },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === expected) resolve();
        else reject(new Error(`${target.path} answered ${response.statusCode}`));
      });
    });
    request.end(sent);
  });
}

/** A service that answers at once, in a process of its own, so that what is measured is what stands before it. */
async function trivialService(): Promise<{ port: number; child: ChildProcess }> {
  const port = await unusedPort();
  const program = `require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{}}'));
  }).listen(${port}, '127.0.0.1')`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  for (;;) {
    if (
      await fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      )
    )
      return { port, child };
    await sleep(20);
  }
}
