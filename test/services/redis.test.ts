import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redis } from '../../components/services/redis';
import type { RedisUser } from '../../components/services/service';
import { Containers } from '../support/containers';
import { labImages, labSettings, refusal } from '../support/database';
import { noContainers } from '../support/docker-cli';
import { onServer, pastOwnKeys } from '../support/redis-attacks';
import { madeUpValues, type Values } from '../support/values';

const missing = noContainers(labImages.redis);
const cache = redis(labSettings());

describe.skipIf(missing)(
  `Redis in a container${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let containers: Containers;
    let values: Values;
    const open: Redis[] = [];

    beforeAll(async () => {
      values = await madeUpValues([]);
      containers = await Containers.create('t-database-redis-', values);
      await containers.run(cache, { published: true });
    });

    afterAll(async () => {
      for (const client of open) client.disconnect();
      await containers.remove();
    });

    async function login(user: RedisUser): Promise<Redis> {
      const client = await connection({ username: user, password: values({ passwordOf: user }) });
      await client.ping();
      return client;
    }

    async function connection(given: { username?: string; password?: string }): Promise<Redis> {
      const port = await containers.port('redis');
      const client = new Redis({
        port,
        ...given,
        maxRetriesPerRequest: null,
        retryStrategy: () => null,
      });
      client.on('error', () => undefined);
      open.push(client);
      return client;
    }

    test('lets in nobody without a name and a password', async () => {
      const attempts = [
        {},
        { username: 'default', password: '' },
        { username: 'default', password: 'guessed' },
        { username: 'guard', password: 'guessed' },
      ];
      for (const attempt of attempts) {
        const client = await connection(attempt);
        expect(await refusal(client.get('limit:x'))).toMatch(/NOAUTH|WRONGPASS|closed/);
      }
    });

    test('no user reads, writes, lists, scripts or listens past its own keys', async () => {
      expect(await pastOwnKeys(login)).toEqual([]);
    });

    test('no user touches the server itself', async () => {
      // The exporter reads settings; there is no secret among them, since users stand in a file of their own.
      expect(await onServer(login)).toEqual(['monitor: config get requirepass']);
    });

    test('the monitor sees figures and no key', async () => {
      const monitor = await login('monitor');
      expect([
        (await monitor.info('persistence')).includes('aof_enabled:1'),
        await monitor.config('GET', 'maxmemory-policy'),
        await refusal(monitor.get('limit:secret')),
      ]).toEqual([true, ['maxmemory-policy', 'noeviction'], expect.stringMatching(/NOPERM/)]);
    });

    test('rate-limiter-flexible counts for the guard', async () => {
      const limiter = new RateLimiterRedis({
        storeClient: await login('guard'),
        keyPrefix: 'limit:test',
        points: 2,
        duration: 60,
      });
      await limiter.consume('ann');
      await limiter.consume('ann');
      await expect(limiter.consume('ann')).rejects.toMatchObject({ remainingPoints: 0 });
    });

    test('BullMQ works with its own keys: jobs, delays, retries, repeats, events', async () => {
      const queue = new Queue('mail', { connection: await login('functions') });
      const seen: string[] = [];
      const worker = new Worker(
        'mail',
        (job) => {
          seen.push(`${job.name} ${job.attemptsMade}`);
          if (job.name === 'shaky' && job.attemptsMade === 0) throw new Error('once');
          return Promise.resolve();
        },
        { connection: await login('functions') },
      );
      const done = new Promise<void>((resolve) => {
        worker.on('completed', () => {
          if (seen.length >= 5) resolve();
        });
      });
      await queue.add('plain', {});
      await queue.add('late', {}, { delay: 50 });
      await queue.add('shaky', {}, { attempts: 2, backoff: 50 });
      await queue.upsertJobScheduler('tick', { every: 60_000 }, { name: 'tick' });
      await done;
      expect([...new Set(seen)].sort()).toEqual([
        'late 0',
        'plain 0',
        'shaky 0',
        'shaky 1',
        'tick 0',
      ]);
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
    });

    test('when it is full it refuses to write, and throws nothing away', async () => {
      const app = await login('app');
      await app.set('app:kept', 'here');
      const megabyte = 'x'.repeat(1024 * 1024);
      const filling = async () => {
        for (let n = 0; n < 100; n += 1) await app.set(`app:fill:${n}`, megabyte);
      };
      expect(await refusal(filling())).toContain('OOM');
      expect(await app.get('app:kept')).toBe('here');
      await app.del(Array.from({ length: 100 }, (_, n) => `app:fill:${n}`));
    });

    test('a killed server has every job that it acknowledged', async () => {
      const queue = new Queue('kept', { connection: await login('functions') });
      queue.on('error', () => undefined);
      let acknowledged = 0;
      let killed: Promise<void> | undefined;
      const adding = async () => {
        for (;;) {
          await queue.add('job', { n: acknowledged });
          acknowledged += 1;
          if (acknowledged === 200) killed = containers.kill('redis');
        }
      };
      await refusal(adding());
      await killed;
      await containers.restart(cache);
      const again = new Queue('kept', { connection: await login('functions') });
      const counts = await again.getJobCounts('waiting');
      expect(acknowledged).toBeGreaterThanOrEqual(200);
      expect(counts.waiting).toBeGreaterThanOrEqual(acknowledged);
      await again.close();
      await queue.close().catch(() => undefined);
    });

    test('its check keeps the password out of the arguments', () => {
      const words = (cache.healthCommand ?? []).join(' ');
      expect(words).not.toContain(values({ passwordOf: 'monitor' }));
      expect(words).not.toMatch(/--pass|-a /);
    });
  },
);
