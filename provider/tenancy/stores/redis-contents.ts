import type { Redis } from 'ioredis';
import { z } from 'zod';
import { queuePrefix } from '../../../components/services/images/functions/queues';

/** A job of a queue, and whom it acts for. */
export interface Job {
  readonly queue: string;
  readonly id: string;
  readonly tenantId: string;
  readonly userId?: string | undefined;
}

const many = 500;

/** Every key of a pattern, some of them more than once. */
export async function* scan(redis: Redis, pattern: string): AsyncGenerator<string, undefined> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', many);
    yield* keys;
    cursor = next;
  } while (cursor !== '0');
  return undefined;
}

const jobKey = new RegExp(`^${queuePrefix}:([^:]+):([^:]+)$`);
const sealed = z.object({ payload: z.string() });
const payload = z.object({ tenantId: z.string(), userId: z.string().optional() });

/** The job that a key holds; undefined for any other key. */
export async function jobOf(redis: Redis, key: string): Promise<Job | undefined> {
  const [, queue, id] = jobKey.exec(key) ?? [];
  if (queue === undefined || id === undefined || (await redis.type(key)) !== 'hash')
    return undefined;
  const data = parsed(sealed, await redis.hget(key, 'data'));
  const sent = parsed(payload, data?.payload);
  return sent && { queue, id, ...sent };
}

function parsed<T>(schema: z.ZodType<T>, text: string | null | undefined): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Everything that a key holds, in pieces; `entry` names one of a stream. */
export async function* contentsOf(
  redis: Redis,
  key: string,
): AsyncGenerator<{ readonly text: string; readonly entry?: string }, undefined> {
  switch (await redis.type(key)) {
    case 'string':
      yield { text: (await redis.get(key)) ?? '' };
      break;
    case 'list':
      yield* list(redis, key);
      break;
    case 'stream':
      yield* stream(redis, key);
      break;
    case 'hash':
      yield* cursors((cursor) => redis.hscan(key, cursor, 'COUNT', many));
      break;
    case 'set':
      yield* cursors((cursor) => redis.sscan(key, cursor, 'COUNT', many));
      break;
    case 'zset':
      yield* cursors((cursor) => redis.zscan(key, cursor, 'COUNT', many));
      break;
  }
  return undefined;
}

async function* cursors(
  next: (cursor: string) => Promise<[string, string[]]>,
): AsyncGenerator<{ text: string }, undefined> {
  let cursor = '0';
  do {
    const [following, items] = await next(cursor);
    for (const text of items) yield { text };
    cursor = following;
  } while (cursor !== '0');
  return undefined;
}

async function* list(redis: Redis, key: string): AsyncGenerator<{ text: string }, undefined> {
  for (let from = 0; ; from += many) {
    const items = await redis.lrange(key, from, from + many - 1);
    for (const text of items) yield { text };
    if (items.length < many) return undefined;
  }
}

async function* stream(
  redis: Redis,
  key: string,
): AsyncGenerator<{ text: string; entry: string }, undefined> {
  let from = '-';
  for (;;) {
    const entries = await redis.xrange(key, from, '+', 'COUNT', many);
    for (const [entry, fields] of entries) yield { text: fields.join(' '), entry };
    const last = entries.at(-1);
    if (!last || entries.length < many) return undefined;
    from = `(${last[0]}`;
  }
}
