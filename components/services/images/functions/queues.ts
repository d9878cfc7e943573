import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { JobQueue } from './api';
import type { Identity } from './database';
import { sealJob, type SealedJob } from './jobs';

const name = /^[a-z][a-z0-9-]{0,39}$/;
const day = 86_400;

/** All keys of queues in Redis begin with it. */
export const queuePrefix = 'bull';

interface Options {
  /** Undefined where there is no Redis: a queue is then refused when it is used. */
  readonly url: string | undefined;
  readonly key: Buffer;
  /** How often a job is tried before it stays as a dead letter. */
  readonly attempts: number;
}

/** The queues of this process: one connection, made when the first job is added. */
export class Queues {
  private connection: Redis | undefined;
  private readonly queues = new Map<string, Queue<SealedJob>>();

  constructor(private readonly options: Options) {}

  /** A queue as `identity` sees it: whatever it adds runs as that tenant, user and role. */
  for(identity: Identity, queue: string): JobQueue {
    return {
      add: async (data, { delaySeconds = 0 } = {}) => {
        const { id, job } = sealJob(this.options.key, queue, identity, data);
        await this.queue(queue).add('job', job, { jobId: id, delay: delaySeconds * 1000 });
        return id;
      },
    };
  }

  /** How many jobs of a queue wait, run, and were given up. */
  async counts(queue: string): Promise<Readonly<Record<string, number>>> {
    return this.queue(queue).getJobCounts('waiting', 'delayed', 'active', 'failed');
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.connection?.disconnect();
  }

  private queue(wanted: string): Queue<SealedJob> {
    const known = this.queues.get(wanted);
    if (known) return known;
    if (!name.test(wanted)) {
      throw new Error('a queue is named by a lower-case letter, then up to 39 of a-z, 0-9 and -');
    }
    if (!this.options.url) throw new Error('there are no queues here: this platform has no Redis');
    this.connection ??= connect(this.options.url);
    const queue = new Queue<SealedJob>(wanted, {
      connection: this.connection,
      prefix: queuePrefix,
      defaultJobOptions: {
        attempts: this.options.attempts,
        backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
        removeOnComplete: true,
        removeOnFail: { age: 30 * day, count: 10_000 },
      },
    });
    queue.on('error', () => undefined);
    this.queues.set(wanted, queue);
    return queue;
  }
}

/** A connection on which a command fails after three tries instead of waiting for ever. */
function connect(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on('error', () => undefined);
  return redis;
}
