import { z } from 'zod';
import type { Scope } from '../../../tenancy/scope';

const count = z.int().min(1);

const channelRule = z.enum(['member', 'admin', 'self']);

const reader = z.enum(['member', 'admin', 'owner', 'nobody']);

const readRule = z.union([
  reader,
  z.strictObject({ role: reader.exclude(['nobody']), scope: z.custom<Scope>() }),
]);

const schema = z.strictObject({
  /** Where the guard answers, such as http://guard:8000. */
  guard: z.url({ protocol: /^http$/ }),
  /** Name of a channel, or its beginning and `*` → who may hear what is said there, and who may say something. */
  channels: z.record(
    z.string(),
    z.strictObject({ listen: channelRule, send: z.enum([...channelRule.options, 'nobody']) }),
  ),
  /** Table whose changes are told → who reads its rows. */
  tables: z.record(z.string(), readRule),
  sockets: z.strictObject({
    perUser: count,
    perTenant: count,
    /** Channels that one socket has joined at a time. */
    channels: count,
    /** Wishes to hear of changes of one channel. */
    bindings: count,
    /** What may wait for one client to read it. */
    maxBufferedBytes: count,
    /** How often clients are asked whether they are there, and the guard whether they are still let in. */
    pingSeconds: count,
  }),
  messages: z.strictObject({
    maxBytes: count,
    /** Messages that are sent on, through one instance: of one socket, and of a whole tenant. */
    perSecond: z.strictObject({ socket: count, tenant: count }),
  }),
  presence: z.strictObject({
    /** What one presence says of itself, in bytes. */
    maxBytes: count,
    perChannel: count,
    /** How long one stays after the instance that renews it was killed. */
    leaseSeconds: count,
  }),
});

/** The file `realtime.json`: what the service lets be said, where, and how much of it. */
export type RealtimeConfig = z.output<typeof schema>;

/** Throws when the text is not what components/services/realtime.ts writes. */
export function readConfig(text: string): RealtimeConfig {
  return schema.parse(JSON.parse(text));
}
