import path from 'node:path';
import { Clock } from './clock';
import { connections } from '../shared/connections';
import { Dispatcher } from './dispatch';
import { wholeNumber } from '../shared/environment';
import { secret } from './environment';
import { JobWorkers } from './job-workers';
import { jobKey } from './jobs';
import { Listener } from './listener';
import { loadFunctions, ofKind } from './load';
import { described, logger } from './log';
import { Outbox } from './outbox';
import { close, guardProcess, runtimeFromEnvironment, serve } from './process';
import type { Runtime } from './run';

const hourMs = 3_600_000;

/**
 * Functions that events, the clock and queues start. Any number of these processes share the work.
 *
 * Environment: as server.ts, without JWT_ISSUER, JWT_AUDIENCE and BODY_BYTES; KEEP_DAYS (how long a record of what was
 * done is kept); also a file named by OUTBOX_URL_FILE (strata_dispatcher, past the pooler).
 */
async function main(): Promise<void> {
  const log = logger();
  const runtime = runtimeFromEnvironment('functions-worker', 20);
  const functions = loadFunctions(process.env.FUNCTIONS ?? path.join(__dirname, 'functions'));
  const crons = ofKind(functions, 'cron');
  const workers = ofKind(functions, 'worker');

  const outboxUrl = secret('OUTBOX_URL');
  // Postgres counts with two connections of each worker: this one and the one that listens.
  const outboxPool = connections(outboxUrl, 1, 'functions-outbox');
  const outbox = new Outbox(outboxPool, wholeNumber('ATTEMPTS'));
  const dispatcher = new Dispatcher(runtime, outbox, ofKind(functions, 'event'), crons);
  const listener = new Listener(outboxUrl, () => {
    dispatcher.wake();
  });
  const clock = new Clock(outbox, crons);
  const redisUrl = process.env.REDIS_URL_FILE ? secret('REDIS_URL') : undefined;
  const jobs = new JobWorkers(runtime, jobKey(secret('JWT_KEY')), redisUrl, workers);
  figures(runtime, outbox, [...new Set([...workers.values()].map(({ queue }) => queue))]);

  const keepDays = wholeNumber('KEEP_DAYS');
  const sweep = (): void => {
    void outbox.sweep(keepDays).catch((error: unknown) => {
      log.warn('what was done could not be swept', described(error));
    });
  };
  const sweeping = setInterval(sweep, hourMs);

  dispatcher.start();
  listener.start();
  clock.start();
  sweep();
  const server = await serve(
    runtime,
    async () => {
      await Promise.all([outboxPool.query('select 1'), runtime.places.ping()]);
      if (!jobs.ready) throw new Error('Redis does not answer');
    },
    (_request, response) => {
      response.writeHead(404).end();
      return Promise.resolve();
    },
  );
  guardProcess(runtime, async () => {
    clearInterval(sweeping);
    clock.stop();
    await Promise.all([listener.stop(), dispatcher.stop(), jobs.stop()]);
    await runtime.queues.close();
    await Promise.all([runtime.places.end(), outboxPool.end()]);
    await close(server);
  });
  log.info('ready', { functions: [...functions.keys()].sort() });
}

/** Every worker tells the same of the outbox and the queues: they belong to the platform, not to a process. */
function figures({ metrics, queues }: Runtime, outbox: Outbox, names: readonly string[]): void {
  const ofOutbox =
    (figure: 'pending' | 'dead' | 'oldestSeconds') =>
    async (): Promise<{ labels: Record<string, string>; value: number }[]> =>
      (await outbox.status()).map((row) => ({
        labels: { function: row.function },
        value: row[figure],
      }));
  metrics.gauge(
    'strata_outbox_pending',
    'Events that wait or run',
    ['function'],
    ofOutbox('pending'),
  );
  metrics.gauge(
    'strata_outbox_oldest_seconds',
    'Age of the oldest event that waits or runs',
    ['function'],
    ofOutbox('oldestSeconds'),
  );
  metrics.gauge('strata_outbox_dead', 'Events that were given up', ['function'], ofOutbox('dead'));
  if (names.length === 0) return;
  metrics.gauge('strata_queue_jobs', 'Jobs by their state', ['queue', 'state'], async () => {
    const counts = await Promise.all(
      names.map(async (queue) => [queue, await queues.counts(queue)] as const),
    );
    return counts.flatMap(([queue, states]) =>
      Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value })),
    );
  });
}

main().catch((error: unknown) => {
  logger().error('did not start', described(error));
  process.exit(1);
});
