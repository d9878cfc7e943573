import { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { jobKey, sealJob } from '../../../components/services/images/functions/jobs';
import type { Model } from '../../../components/tenancy/places';
import { bucketStore } from '../../../provider/tenancy/stores/bucket';
import { postgresStore } from '../../../provider/tenancy/stores/postgres';
import { redisStore } from '../../../provider/tenancy/stores/redis';
import type { TenantStore } from '../../../provider/tenancy/stores/store';
import type { Tenant } from '../../../provider/tenancy/tenant';
import { noRedis, RedisServer } from '../../support/guard/redis';
import { everywhere } from './everywhere';
import { LifeWorld } from './life';
import { S3Folder } from './s3';

/** Two clusters, a folder as S3 and a Redis, with tenants that have something in all of them. */
export class InhabitedWorld {
  private constructor(
    readonly world: LifeWorld,
    readonly s3: S3Folder,
    private readonly server: RedisServer,
    readonly redis: Redis,
    private readonly own: Redis,
    readonly stores: readonly TenantStore[],
  ) {}

  static async start(): Promise<InhabitedWorld> {
    if (noRedis !== undefined) throw new Error(noRedis);
    const [world, s3, server] = await Promise.all([
      LifeWorld.start(),
      S3Folder.start(),
      RedisServer.start(),
    ]);
    const redis = new Redis({ ...redisAt(server), maxRetriesPerRequest: null });
    const own = new Redis({ ...redisOfStore(server), maxRetriesPerRequest: null });
    const stores = [postgresStore(world.platform), bucketStore(s3.places), redisStore(own)];
    return new InhabitedWorld(world, s3, server, redis, own, stores);
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    this.own.disconnect();
    await Promise.all([this.world.stop(), this.s3.stop(), this.server.stop()]);
  }

  /** How a store in another process reaches the Redis. */
  get redisOptions(): ReturnType<typeof redisAt> {
    return redisOfStore(this.server);
  }

  /** A tenant that has something everywhere. */
  async inhabit(slug: string, wanted: { model: Model; shard: string }): Promise<Tenant> {
    const { world, s3, redis } = this;
    const tenant = await world.add(slug, {
      ...wanted,
      members: { [`${slug}-ann`]: 'admin', [`${slug}-bob`]: 'member', everybody: 'member' },
    });
    await world.furnish(tenant);
    const { id } = tenant;
    const files = Array.from({ length: 4 }, () => randomUUID());
    await world.ask(rowsOfFiles, [id, files]);
    for (const file of files) s3.put(`${id}/${file}`, `Content of ${file}`);
    s3.put(`${id}/${randomUUID()}`, 'an upload that nobody finished');
    for (const sql of platformRows) await world.ask(sql, [id]);
    await redis.set(`guard:tenant:${id}`, '1');
    await redis.set(`guard:user-burst:${id}:${randomUUID()}`, '1');
    await redis.hset(`app:${id}:cache`, 'a', '1');
    await this.addJob(id);
    return tenant;
  }

  /** A job of a tenant that waits for an hour. */
  async addJob(tenantId: string, data: unknown = {}): Promise<string> {
    const identity = { tenantId, userId: randomUUID(), role: 'member' } as const;
    const { id, job } = sealJob(jobKey('k'.repeat(64)), 'mail', identity, data);
    const queue = new Queue('mail', { connection: this.redis, prefix: 'bull' });
    await queue.add('job', job, { jobId: id, delay: 3_600_000 });
    await queue.close();
    return id;
  }

  /** Everything that a search from outside finds of a tenant. */
  async traces({ id, slug }: Pick<Tenant, 'id' | 'slug'>): Promise<string[]> {
    const words = [id, id.replaceAll('-', ''), `${slug}-ann`, `${slug}-bob`, `,${slug},`];
    return [
      ...(await everywhere(this.world.servers.main, words)).map((what) => `main: ${what}`),
      ...(await everywhere(this.world.servers.east, words)).map((what) => `east: ${what}`),
      ...this.s3.keys().filter((key) => key.includes(id)),
      ...(await this.keysWith(id)),
    ];
  }

  private async keysWith(id: string): Promise<string[]> {
    const found: string[] = [];
    for (const key of await this.redis.keys('*')) {
      if (`${key} ${JSON.stringify(await this.valueOf(key))}`.includes(id)) found.push(key);
    }
    return found;
  }

  private async valueOf(key: string): Promise<unknown> {
    switch (await this.redis.type(key)) {
      case 'hash':
        return this.redis.hgetall(key);
      case 'stream':
        return this.redis.xrange(key, '-', '+');
      case 'zset':
        return this.redis.zrange(key, '0', '-1');
      case 'list':
        return this.redis.lrange(key, 0, -1);
      case 'set':
        return this.redis.smembers(key);
      default:
        return this.redis.get(key);
    }
  }
}

function redisAt({ port }: RedisServer) {
  return { port, host: '127.0.0.1', username: 'test', password: 'not-a-real-password' };
}

/** As the platform's user for it. */
function redisOfStore(server: RedisServer): ReturnType<typeof redisAt> {
  return { ...redisAt(server), username: 'tenants' };
}

const rowsOfFiles = `
  insert into storage.files (tenant_id, id, owner_id, name, mime_type, size, status, sha256, expires_at)
  select $1, f.id, m.user_id, 'Secret of ' || f.id, 'text/plain', 4, 'ready', repeat('0', 64), null
  from unnest($2::uuid[]) as f (id)
  cross join lateral (select user_id from registry.members where tenant_id = $1 order by 1 limit 1) m`;

/** What the platform itself keeps of a tenant, `$1`. */
const platformRows = [
  `insert into registry.api_keys (tenant_id, secret_hash, name, role, scopes, created_by, expires_at)
   select $1, decode(repeat('ab', 32), 'hex'), 'key', 'admin', '{graphql:*}', user_id, now() + interval '1 day'
   from registry.members where tenant_id = $1 limit 1`,
  'insert into registry.api_key_usage select tenant_id, id, 1, now() from registry.api_keys where tenant_id = $1',
  `insert into outbox.events (function, tenant_id, relation, operation, key, lane)
   values ('welcome', $1, 'app.notes', 'insert', '{}', gen_random_uuid())`,
  `insert into registry.tenant_jobs (action, tenant_id, slug, state)
   select 'synchronise', id, slug, 'done' from registry.tenants where id = $1`,
  `insert into registry.tenant_migrations (tenant_id, name, sha256, state) values ($1, 'x', repeat('0', 64), 'done')`,
];
