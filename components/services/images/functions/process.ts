import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { variable, wholeNumber } from '../shared/environment';
import { Places } from '../shared/tenant-database/places';
import { secret } from './environment';
import { jobKey } from './jobs';
import { captureConsole, described, logger } from './log';
import { Metrics } from './metrics';
import { Queues } from './queues';
import type { Runtime } from './run';
import { watchEventLoop } from './watchdog';

const log = logger();

/** What the environment says of a runtime; `connectionsAtMost` is the size of its own pool. */
export function runtimeFromEnvironment(name: string, connectionsAtMost: number): Runtime {
  const seconds = wholeNumber('TIMEOUT_SECONDS');
  return {
    places: new Places({
      url: secret('DATABASE_URL'),
      pooled: process.env.POOLED === 'true',
      master: secret('TENANT_LOGINS'),
      name,
      max: connectionsAtMost,
      mostPools: wholeNumber('TENANT_POOLS'),
      statementMs: seconds * 1000,
      warn: log.warn,
    }),
    queues: new Queues({
      url: process.env.REDIS_URL_FILE ? secret('REDIS_URL') : undefined,
      key: jobKey(secret('JWT_KEY')),
      attempts: wholeNumber('ATTEMPTS'),
    }),
    metrics: new Metrics(),
    seconds,
    secrets: (process.env.FUNCTION_SECRETS ?? '').split(',').filter((text) => text !== ''),
  };
}

/**
 * Listens on HOST and PORT; `healthy` throws while the process cannot do its work, and everything but `/healthz` and
 * `/metrics` goes to `answer`.
 */
export async function serve(
  { metrics }: Runtime,
  healthy: () => Promise<unknown>,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/healthz') await health(response, healthy);
      else if (request.url === '/metrics') {
        const text = await metrics.text();
        response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
      } else await answer(request, response);
    })().catch((error: unknown) => {
      log.error('a request was not answered', described(error));
      response.destroy();
    });
  });
  // Longer than the gateway keeps a connection that nobody uses: it must not write into one that ends.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(variable('PORT')), process.env.HOST ?? '127.0.0.1', resolve);
  });
  return server;
}

/**
 * What a process of functions does about its own end: `stop` finishes what is in flight, on a signal and after an error
 * that left the process in an unknown state. A rejection that nobody handles is logged and counted, and hurts nobody.
 */
export function guardProcess({ metrics, seconds }: Runtime, stop: () => Promise<void>): void {
  captureConsole();
  // Later than a run's own end, so that a slow function is told from one that stands still.
  watchEventLoop(seconds + 5);
  let stopping = false;
  const end = (code: number): void => {
    if (stopping) return;
    stopping = true;
    // What a function left behind, a timer or a connection, must not hold the process.
    const leave = (): void => process.exit(code);
    setTimeout(leave, (seconds + 5) * 1000).unref();
    stop().then(leave, (error: unknown) => {
      log.error('stopping', described(error));
      leave();
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      end(0);
    });
  }
  process.on('unhandledRejection', (error) => {
    metrics.strayError();
    log.error('a function left a rejection to nobody', described(error));
  });
  process.on('uncaughtException', (error) => {
    log.error(
      'a function threw where nothing catches: what runs is finished, then this process ends',
      described(error),
    );
    end(1);
  });
}

/** Takes no more requests and waits for the answers to those that are there. */
export async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that was busy when the server was closed would be kept open for the next request.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  await closed;
  clearInterval(idle);
}

async function health(response: ServerResponse, healthy: () => Promise<unknown>): Promise<void> {
  try {
    await healthy();
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  } catch (error) {
    log.error('not healthy', described(error));
    response.writeHead(503, { 'content-type': 'text/plain' }).end('not ready\n');
  }
}
