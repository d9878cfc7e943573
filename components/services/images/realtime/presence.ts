import type { Redis } from 'ioredis';
import { Refusal } from '../shared/refusal';
import type { RealtimeConfig } from './config';
import { unavailable, type Place, type Rooms } from './rooms';

/** Somebody who is there. */
export interface Present {
  /** What the client groups them by; not to be trusted, a client chooses it. */
  readonly key: string;
  /** Names this one among all; a change of what it says of itself is another one. */
  readonly ref: string;
  readonly says: Readonly<Record<string, unknown>>;
}

/** Key → those who are there by it, as clients know them. */
export type State = Readonly<Record<string, { readonly metas: readonly object[] }>>;

export interface Diff {
  readonly joins: State;
  readonly leaves: State;
}

/** One presence of this instance, which renews it. */
export interface Lease {
  readonly place: Place;
  /** Stays the same while what it says changes. */
  readonly id: string;
  readonly present: Present;
}

type Limits = RealtimeConfig['presence'];

/** KEYS: presences, leases; ARGV: id, presence, until, the most of them, when nobody would look for them any more. */
const track = `
local old = redis.call('hget', KEYS[1], ARGV[1])
if not old and redis.call('hlen', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('hset', KEYS[1], ARGV[1], ARGV[2])
redis.call('zadd', KEYS[2], ARGV[3], ARGV[1])
redis.call('pexpireat', KEYS[1], ARGV[5])
redis.call('pexpireat', KEYS[2], ARGV[5])
return old or ''`;

/** KEYS as above; ARGV: id. */
const untrack = `
local old = redis.call('hget', KEYS[1], ARGV[1])
redis.call('hdel', KEYS[1], ARGV[1])
redis.call('zrem', KEYS[2], ARGV[1])
return old or ''`;

/** KEYS as above; ARGV: now. Those whose lease has ended, which nobody else is told of, and those who are there. */
const look = `
local gone = {}
for _, id in ipairs(redis.call('zrangebyscore', KEYS[2], '-inf', ARGV[1])) do
  local old = redis.call('hget', KEYS[1], id)
  if old then gone[#gone + 1] = old end
  redis.call('hdel', KEYS[1], id)
  redis.call('zrem', KEYS[2], id)
end
return { gone, redis.call('hvals', KEYS[1]) }`;

/**
 * Who is in a room, of all instances: each presence is a lease in Redis that its instance renews, so that those of an
 * instance that was killed end. Throws `Refusal` (503) when Redis does not answer.
 */
export class Presence {
  constructor(
    private readonly redis: Redis,
    private readonly limits: Limits,
  ) {}

  /** Begins or changes one; answers with what there was before. Throws `Refusal` (429) when the room is full. */
  async track({ place, id, present }: Lease): Promise<Present | undefined> {
    const value = JSON.stringify(present);
    if (Buffer.byteLength(value) > this.limits.maxBytes) {
      const most = String(this.limits.maxBytes);
      throw new Refusal(413, 'presence_too_large', `a presence has at most ${most} bytes`);
    }
    const { perChannel } = this.limits;
    const until = this.until();
    const old = await this.run(track, place, id, value, until, perChannel, this.forgotten(until));
    if (old !== 0) return presentOf(old);
    const most = String(perChannel);
    throw new Refusal(
      429,
      'presences_limited',
      `${most} are present here, and more are not allowed`,
    );
  }

  /** Ends one; answers with it when it was still there. */
  async untrack({ place, id }: Pick<Lease, 'place' | 'id'>): Promise<Present | undefined> {
    return presentOf(await this.run(untrack, place, id));
  }

  /** Who is in a room, and of whom the lease has ended: the others are to be told of these. */
  async look(place: Place): Promise<{ readonly gone: Present[]; readonly there: Present[] }> {
    const [gone, there] = (await this.run(look, place, Date.now())) as [unknown[], unknown[]];
    return {
      gone: gone.flatMap((one) => presentOf(one) ?? []),
      there: there.flatMap((one) => presentOf(one) ?? []),
    };
  }

  /** Tells a room of those whose lease has ended; of each, one instance tells. */
  async sweep(place: Place, rooms: Rooms): Promise<void> {
    const { gone } = await this.look(place);
    await announce(place, { leaves: gone }, rooms);
  }

  /** Says again all of them, so that they are there even if Redis has lost them. Throws what Redis throws. */
  async renew(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    const until = this.until();
    const pipeline = this.redis.pipeline();
    for (const { place, id, present } of leases) {
      const [presences, ends] = keysOf(place);
      pipeline
        .hset(presences, id, JSON.stringify(present))
        .zadd(ends, until, id)
        .pexpireat(presences, this.forgotten(until))
        .pexpireat(ends, this.forgotten(until));
    }
    await pipeline.exec();
  }

  private until(): number {
    return Date.now() + this.limits.leaseSeconds * 1000;
  }

  /** Later than the leases end: others have to find those that have. */
  private forgotten(until: number): number {
    return until + this.limits.leaseSeconds * 1000;
  }

  private async run(script: string, place: Place, ...rest: (string | number)[]): Promise<unknown> {
    try {
      return await this.redis.eval(script, 2, ...keysOf(place), ...rest);
    } catch {
      throw unavailable();
    }
  }
}

/** Tells everybody in a room who has come and gone. Throws `Refusal` (503). */
export async function announce(
  place: Place,
  { joins = [], leaves = [] }: Partial<Record<keyof Diff, readonly Present[]>>,
  rooms: Rooms,
): Promise<void> {
  if (joins.length + leaves.length === 0) return;
  const diff = { joins: stateOf(joins), leaves: stateOf(leaves) };
  await rooms.say(place, { kind: 'presence', diff });
}

/** As clients read them. */
export function stateOf(presents: readonly Present[]): State {
  const metas = new Map<string, object[]>();
  for (const { key, ref, says } of presents) {
    metas.set(key, [...(metas.get(key) ?? []), { ...says, phx_ref: ref }]);
  }
  return Object.fromEntries([...metas].map(([key, of]) => [key, { metas: of }]));
}

/** components/tenancy/prefixes.ts knows them by these names. */
function keysOf({ tenantId, name }: Place): [presences: string, leases: string] {
  return [`realtime:presence:${tenantId}:${name}`, `realtime:leases:${tenantId}:${name}`];
}

function presentOf(value: unknown): Present | undefined {
  return typeof value === 'string' && value !== '' ? (JSON.parse(value) as Present) : undefined;
}
