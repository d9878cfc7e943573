import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobKey, sealJob } from '../../components/services/images/functions/jobs';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { redisStore } from '../../provider/tenancy/stores/redis';
import { InhabitedWorld } from './support/inhabited';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

describe(`a search for what is left ${s3StandIn}`, () => {
  const id = randomUUID();
  const hex = id.replaceAll('-', '');
  /** A thing somewhere, what finds it, and what takes it away. */
  const things: Record<string, { make: string; line: string; end: string; database?: string }> = {
    'a schema': {
      make: `create schema t_${hex}`,
      line: `main: database strata: schema t_${hex}`,
      end: `drop schema t_${hex}`,
    },
    'a role': {
      make: `create role strata_t_${hex}`,
      line: `main: role strata_t_${hex}`,
      end: `drop role strata_t_${hex}`,
    },
    'a database': {
      make: `create database t_${hex}`,
      line: `main: database t_${hex}`,
      end: `drop database t_${hex}`,
    },
    'a job': {
      make: `insert into registry.tenant_jobs (action, slug, tenant_id) values ('suspend', 'x', '${id}')`,
      line: 'main: database strata: registry.tenant_jobs has 1 rows',
      end: "delete from registry.tenant_jobs where slug = 'x'",
    },
    'an event': {
      make: `insert into outbox.events (function, tenant_id, operation, lane) values ('f', '${id}', 'insert', gen_random_uuid())`,
      line: 'main: database strata: outbox.events has 1 rows',
      end: 'delete from outbox.events',
    },
    'a change that listeners are told of': {
      make: `insert into realtime.changes (tenant_id, relation, operation, key) values ('${id}', 'app.notes', 'delete', '{}')`,
      line: 'main: database strata: realtime.changes has 1 rows',
      end: 'delete from realtime.changes',
    },
    'a line in the ledger': {
      make: `insert into strata.migrations (scope, name, sha256, duration_ms) values ('t_${hex}', 'x', 'x', 1)`,
      line: 'main: database strata: strata.migrations has 1 rows',
      end: `delete from strata.migrations where scope = 't_${hex}'`,
    },
    'a row of a table that nobody declared': {
      make: `set role strata_owner; create table app.stray (a text[]); reset role; insert into app.stray values (array['${hex}'])`,
      line: 'main: database strata: app.stray has 1 rows',
      end: 'drop table app.stray',
    },
  };

  test('does not count what strangers write: a name and a sign-up with the id keep nobody here', async () => {
    const { world } = inhabited;
    await world.ask(
      `insert into registry.tenants (slug, name) values ('curious', 'my name is ${id}');
       insert into registry.tenant_jobs (action, slug, arguments) values ('create', 'www', '{"name": "${id}"}')`,
    );
    try {
      expect(await postgresStore(world.platform).leftovers(id)).toEqual([]);
    } finally {
      await world.ask(
        "delete from registry.tenants where slug = 'curious'; delete from registry.tenant_jobs where slug = 'www'",
      );
    }
  });

  test.each(Object.entries(things))('finds %s', async (_name, { make, line, end }) => {
    const { world } = inhabited;
    const store = postgresStore(world.platform);
    expect(await store.leftovers(id)).toEqual([]);
    await world.ask(make);
    try {
      expect(await store.leftovers(id)).toContain(line);
    } finally {
      await world.ask(end);
    }
    expect(await store.leftovers(id)).toEqual([]);
  });

  test("does not take for one tenant's what another writes about it", async () => {
    const { world, redis, stores } = inhabited;
    const other = await inhabited.inhabit('gossip', { model: 'shared', shard: 'main' });
    await world.at(other, 'update app.notes set body = $2 where tenant_id = $1', [
      other.id,
      `I know ${id}`,
    ]);
    await redis.set(`app:${other.id}:friend:${id}`, id);
    const job = await inhabited.addJob(other.id, { about: id });
    for (const store of stores) expect(await store.leftovers(id)).toEqual([]);
    await redisStore(redis).remove({ ...other, id });
    expect(await redis.exists(`app:${other.id}:friend:${id}`, `bull:mail:${job}`)).toBe(2);
  });

  test.each([
    ['string', (key: string) => inhabited.redis.set(key, `x ${id}`)],
    ['list', (key: string) => inhabited.redis.rpush(key, 'x', id)],
    ['set', (key: string) => inhabited.redis.sadd(key, id)],
    ['sorted set', (key: string) => inhabited.redis.zadd(key, 1, id)],
    ['hash', (key: string) => inhabited.redis.hset(key, 'a', id)],
    ['stream', (key: string) => inhabited.redis.xadd(key, '*', 'a', id)],
  ])('finds it in a %s of Redis', async (type, write) => {
    const { redis } = inhabited;
    await write(`some:${type}`);
    expect(await redisStore(redis).leftovers(id)).toEqual([
      `key some:${type} holds the tenant's id`,
    ]);
    await redis.del(`some:${type}`);
  });
});

describe(`jobs ${s3StandIn}`, () => {
  test('that run are waited for, and nothing of them stays, failures neither', async () => {
    const { redis } = inhabited;
    const tenant = await inhabited.world.add('busy', {});
    const { id, job } = sealedJob(tenant.id);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const worker = new Worker(
      'slow',
      async () => {
        begun();
        await released;
        throw new Error(`it failed for ${tenant.id}`);
      },
      { connection: { ...inhabited.redisOptions, maxRetriesPerRequest: null }, prefix: 'bull' },
    );
    await job();
    await running;
    const removed = redisStore(redis).remove(tenant);
    const first = await Promise.race([
      removed.then(() => 'removed'),
      new Promise((resolve) =>
        setTimeout(() => {
          resolve('waits');
        }, 1200),
      ),
    ]);
    expect(first).toBe('waits');
    release();
    await removed;
    await worker.close();
    expect(await redis.exists(`bull:slow:${id}`)).toBe(0);
    expect(await redisStore(redis).leftovers(tenant.id)).toEqual([]);
  });

  function sealedJob(tenantId: string): { id: string; job: () => Promise<void> } {
    const { id, job } = sealJob(
      jobKey('k'.repeat(64)),
      'slow',
      { tenantId, userId: undefined, role: 'member' },
      {},
    );
    return {
      id,
      job: async () => {
        const queue = new Queue('slow', { connection: inhabited.redis, prefix: 'bull' });
        await queue.add('job', job, {
          jobId: id,
          removeOnComplete: true,
          removeOnFail: { count: 100 },
        });
        await queue.close();
      },
    };
  }
});
