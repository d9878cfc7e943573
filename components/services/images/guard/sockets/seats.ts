import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { SocketLimits } from '../config';
import type { Counted } from '../limits';
import { Refusal } from '../refusal';

/** A socket that counts, until it is given back or not renewed for a while. */
export interface Seat {
  readonly id: string;
  /** Of its user or key, and of its tenant. */
  readonly keys: readonly [user: string, tenant: string];
}

/** Renewed at each ping; a guard that was killed frees its seats after three of them. */
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

/**
 * How many sockets there are of each user and tenant, counted in Redis, so that all replicas count together. When Redis
 * does not answer, no socket is let in; those that are there stay.
 */
export class Seats {
  constructor(
    private readonly redis: Redis,
    private readonly limits: SocketLimits,
  ) {}

  /** Throws `Refusal`: 429 when there is none left, 503 when there is no counting. */
  async take({ tenantId, caller }: Counted): Promise<Seat> {
    const { perUser, perTenant } = this.limits;
    // components/tenancy/prefixes.ts knows them by these names.
    const keys = [`guard:user-sockets:${tenantId}:${caller}`, `guard:sockets:${tenantId}`] as const;
    const id = randomUUID();
    const full = await this.run(() =>
      this.redis.eval(take, 2, ...keys, Date.now(), this.until(), id, perUser, perTenant),
    );
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

  private async run<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch {
      throw new Refusal(503, 'limits_unavailable', 'sockets cannot be counted now: try again');
    }
  }
}

function limited(whose: string, most: number): Refusal {
  return new Refusal(429, 'sockets_limited', `${whose} ${most} sockets are in use: close one`);
}
