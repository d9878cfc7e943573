import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import { askedBinding } from './bindings';

const credential = z.string().min(1).max(4096);

/** Messages of bytes tell the lengths of the topic and the event in one byte each. */
const mostBytes = 255;

export const eventName = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= mostBytes);

const join = z.object({
  access_token: credential.nullish(),
  config: z
    .object({
      broadcast: z.object({ self: z.boolean().optional(), ack: z.boolean().optional() }).nullish(),
      presence: z
        .object({ key: z.string().max(255).optional(), enabled: z.boolean().optional() })
        .nullish(),
      postgres_changes: z.array(askedBinding).nullish(),
    })
    .nullish(),
});

const accessToken = z.object({ access_token: credential });

const broadcast = z.object({
  event: eventName,
  payload: z.unknown().optional(),
  bytes: z.instanceof(Buffer).optional(),
});

const presence = z.discriminatedUnion('event', [
  z.object({ event: z.literal('track'), payload: z.record(z.string(), z.unknown()).optional() }),
  z.object({ event: z.literal('untrack') }),
]);

/** What each message of a client holds, as far as it is looked at (realtime-js 2.119.1, src/RealtimeChannel.ts). */
export const payloads = { join, accessToken, broadcast, presence } as const;

export type JoinPayload = z.output<typeof join>;

/** Throws `Refusal` (400) when a payload is none of that kind. */
export function read<T>(schema: z.ZodType<T>, payload: unknown, what: string): T {
  const { success, data, error } = schema.safeParse(payload);
  if (success) return data;
  const where = error.issues.map(({ path }) => path.join('.')).filter((path) => path !== '');
  const which = where.length > 0 ? `: look at ${where.join(', ')}` : '';
  throw new Refusal(400, 'message_invalid', `this is no ${what}${which}`);
}

/** What all topics begin with; the rest is the name of a channel. */
const prefix = 'realtime:';

const mostName = 200;

/** The name of the channel that a topic means. Throws `Refusal` (400) when it means none. */
export function channelOf(topic: string): string {
  const name = topic.startsWith(prefix) ? topic.slice(prefix.length) : '';
  return channelName(name);
}

/** Throws `Refusal` (400) when no channel has such a name. */
export function channelName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  const odd = name === '' || /[\u0000-\u001f\u007f]/.test(name);
  const bytes = Buffer.from(name);
  // Half a sign becomes another one in Redis.
  if (!odd && bytes.length <= mostName && bytes.toString() === name) return name;
  throw new Refusal(
    400,
    'channel_invalid',
    'a topic is "realtime:" and the name of a channel: 1 to 200 bytes of UTF-8 without control characters',
  );
}

/** The topic of a channel. */
export function topicOf(name: string): string {
  return `${prefix}${name}`;
}
