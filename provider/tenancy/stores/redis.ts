import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { queuePrefix } from '../../../components/services/images/functions/queues';
import { prefixes } from '../../../components/tenancy/prefixes';
import { UserError } from '../../../engine/errors';
import { contentsOf, jobOf, scan, type Job } from './redis-contents';
import type { TenantStore } from './store';

/** How long a job that runs may take to end before this gives up. */
const patienceMs = 30_000;

/**
 * Counters, an application's own keys and jobs of tenants. Nothing of it is exported: counters last a minute, `app:` is a
 * cache by contract, and a job is an order to this platform that would be executed twice.
 *
 * `redis` may read every key (SCAN, TYPE, GET, HSCAN, …), delete and run BullMQ's scripts.
 */
export function redisStore(redis: Redis): TenantStore {
  return {
    name: 'Redis',
    provision: () => Promise.resolve(),
    export: () => Promise.resolve({}),
    import: () => Promise.resolve(),
    async remove({ id }) {
      await removeJobs(redis, ({ tenantId }) => tenantId === id);
      await forgetEvents(redis, id);
      for (const name of prefixes(id).redis) {
        const pattern = name.endsWith(':') ? `${name}*` : name;
        for await (const key of scan(redis, pattern)) await redis.unlink(key);
      }
    },
    leftovers: (tenantId) => redisLeftovers(redis, tenantId),
    async erase({ id }, { userId }) {
      await removeJobs(redis, (job) => job.tenantId === id && job.userId === userId);
      for await (const key of scan(redis, `guard:user*:${id}:${userId}`)) await redis.unlink(key);
    },
  };
}

/** Waits for those that run, because their worker writes when they end. */
async function removeJobs(redis: Redis, isWanted: (job: Job) => boolean): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const running: string[] = [];
    for await (const key of scan(redis, `${queuePrefix}:*`)) {
      const job = await jobOf(redis, key);
      if (job && isWanted(job) && !(await removeJob(redis, job))) running.push(key);
    }
    if (running.length === 0) return;
    if (Date.now() > deadline) {
      throw new UserError(
        `a job of this tenant still runs after ${patienceMs / 1000} s (${running[0] ?? ''}): run this again when it has ended`,
      );
    }
    await sleep(500);
  }
}

async function removeJob(redis: Redis, { queue, id }: Job): Promise<boolean> {
  const jobs = new Queue(queue, { connection: redis, prefix: queuePrefix, skipMetasUpdate: true });
  jobs.on('error', () => undefined);
  try {
    return (await jobs.remove(id)) === 1;
  } finally {
    await jobs.close();
  }
}

/** A queue's stream of events keeps what failed and why for a while. */
async function forgetEvents(redis: Redis, tenantId: string): Promise<void> {
  for await (const key of scan(redis, `${queuePrefix}:*:events`)) {
    for await (const { text, entry } of contentsOf(redis, key)) {
      if (entry !== undefined && text.includes(tenantId)) await redis.xdel(key, entry);
    }
  }
}

/** Looks into every key. What is another tenant's by its name or, for a job, by its seal may hold whatever it holds. */
async function redisLeftovers(redis: Redis, tenantId: string): Promise<string[]> {
  const left: string[] = [];
  for await (const key of scan(redis, '*')) {
    if (isOthers(key, tenantId)) continue;
    if (key.includes(tenantId)) left.push(`key ${key}`);
    else if (await mentions(redis, key, tenantId)) left.push(`key ${key} holds the tenant's id`);
  }
  return left;
}

async function mentions(redis: Redis, key: string, tenantId: string): Promise<boolean> {
  const job = await jobOf(redis, key);
  if (job && job.tenantId !== tenantId) return false;
  for await (const { text } of contentsOf(redis, key)) if (text.includes(tenantId)) return true;
  return false;
}

const ownedKey = /^(?:app|guard:[a-z-]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::|$)/;

function isOthers(key: string, tenantId: string): boolean {
  const [, owner] = ownedKey.exec(key) ?? [];
  return owner !== undefined && owner !== tenantId;
}
