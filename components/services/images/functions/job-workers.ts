import { UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { WorkerFunction } from './api';
import { ForgedJobError, openJob, type SealedJob } from './jobs';
import type { Named } from './load';
import { described, logger } from './log';
import { queuePrefix } from './queues';
import { runAsTenant, type Runtime } from './run';

const log = logger();

/** Jobs at once of one queue in one process. */
const mostAtOnce = 10;

/** The workers of queues: BullMQ gives each job to one of them, and again when its process ends before the job does. */
export class JobWorkers {
  private readonly connection: Redis | undefined;
  private readonly workers: readonly Worker<SealedJob>[];

  constructor(
    private readonly runtime: Runtime,
    private readonly key: Buffer,
    url: string | undefined,
    functions: Named<'worker'>,
  ) {
    if (functions.size > 0 && url === undefined) {
      throw new Error(
        `${[...functions.keys()].join(', ')} work on queues, and this platform has no Redis`,
      );
    }
    // A worker waits for its next job as long as it takes, so no command of it may be given up.
    const connection =
      url === undefined ? undefined : new Redis(url, { maxRetriesPerRequest: null });
    connection?.on('error', () => undefined);
    this.connection = connection;
    this.workers = connection
      ? [...functions].map((given) => this.worker(connection, ...given))
      : [];
  }

  /** Takes nothing more and waits for what runs. */
  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
    this.connection?.disconnect();
  }

  /** Whether jobs can be taken: Redis answers, or none are wanted of it. */
  get ready(): boolean {
    return this.workers.length === 0 || this.connection?.status === 'ready';
  }

  private worker(
    connection: Redis,
    name: string,
    { queue, handler }: WorkerFunction,
  ): Worker<SealedJob> {
    const worker = new Worker<SealedJob>(
      queue,
      async ({ id, data: given, attemptsStarted }) => {
        const { identity, data } = this.open(queue, id, given);
        const run = { id: id ?? '', name, kind: 'worker' };
        await runAsTenant(this.runtime, run, identity, (context) =>
          handler({ id: run.id, data, attempt: attemptsStarted }, context),
        );
      },
      {
        connection,
        prefix: queuePrefix,
        concurrency: mostAtOnce,
        // A process that ends loses its hold on its jobs after this time; the hold is renewed while it lives.
        lockDuration: 30_000,
        stalledInterval: 15_000,
        // A job whose worker ends each time is given up like one that throws each time.
        maxStalledCount: 5,
      },
    );
    worker.on('error', (error) => {
      log.warn('queue', { queue, ...described(error) });
    });
    return worker;
  }

  private open(queue: string, id: string | undefined, given: unknown): ReturnType<typeof openJob> {
    try {
      return openJob(this.key, queue, id, given);
    } catch (error) {
      if (!(error instanceof ForgedJobError)) throw error;
      log.error('a job was refused', { queue, job: id, ...described(error) });
      throw new UnrecoverableError(error.message);
    }
  }
}
