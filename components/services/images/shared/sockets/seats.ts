import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A socket that counts, until it is given back or not renewed for a while. */
export interface Seat {
  readonly id: string;
  /** Of its user or key, and of its tenant. */
  readonly keys: readonly [user: string, tenant: string];
}

/** Whose socket it is. */
export interface Sitter {
  /** UUID. */
  readonly tenantId: string;
  /** A user of the tenant, or an API key. */
  readonly caller: string;
}

interface Limits {
  readonly perUser: number;
  readonly perTenant: number;
  readonly pingSeconds: number;
}

/** There is no seat left; the message is for the caller. */
export class NoSeat extends Error {}

/** Renewed at each ping; a process that was killed frees its seats after three of them. */
const renewals = 3;

/** Adds a member to both sets unless one of them is full. KEYS: user, tenant; ARGV: now, until, id, most of each. */
const take = `
for i = 1, 2 do
  redis.call('zremrangebyscore', KEYS[i], '-inf', ARGV[1])
  if redis.call('zcard', KEYS[i]) >= tonumber(ARGV[3 + i]) then return i end
end
for i = 1, 2 do
  redis.call('zadd', KEYS[i], ARGV[2], ARGV[3])
  redis.call('pexpireat', KEYS[i], ARGV[2])
end
return 0`;

/** How many sockets there are of each user and tenant, counted in Redis, so that all replicas count together. */
export class Seats {
  constructor(
    private readonly redis: Redis,
    /** How the names of its keys begin: the user of Redis whose they are. */
    private readonly owner: 'guard' | 'realtime',
    private readonly limits: Limits,
  ) {}

  /** Throws `NoSeat` when there is none left, and what Redis throws when there is no counting. */
  async take({ tenantId, caller }: Sitter): Promise<Seat> {
    const { perUser, perTenant } = this.limits;
    // components/tenancy/prefixes.ts knows them by these names.
    const keys = [
      `${this.owner}:user-sockets:${tenantId}:${caller}`,
      `${this.owner}:sockets:${tenantId}`,
    ] as const;
    const id = randomUUID();
    const times = [Date.now(), this.until()];
    const full = await this.redis.eval(take, 2, ...keys, ...times, id, perUser, perTenant);
    if (full === 1) throw limited('your', perUser);
    if (full === 2) throw limited("your tenant's", perTenant);
    return { id, keys };
  }

  /** Throws when Redis does not answer. */
  async renew(seats: readonly Seat[]): Promise<void> {
    if (seats.length === 0) return;
    const until = this.until();
    const pipeline = this.redis.pipeline();
    for (const { id, keys } of seats) {
      for (const key of keys) pipeline.zadd(key, until, id).pexpireat(key, until);
    }
    await pipeline.exec();
  }

  /** What cannot be given back now ends by itself. */
  async free({ id, keys }: Seat): Promise<void> {
    await Promise.allSettled(keys.map((key) => this.redis.zrem(key, id)));
  }

  private until(): number {
    return Date.now() + renewals * this.limits.pingSeconds * 1000;
  }
}

function limited(whose: string, most: number): NoSeat {
  return new NoSeat(`${whose} ${String(most)} sockets are in use: close one`);
}
