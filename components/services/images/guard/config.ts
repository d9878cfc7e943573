import { z } from 'zod';
import { areas } from '../../scopes';

const count = z.int().min(1);

const rate = z.strictObject({ perMinute: count, burst: count });

const route = z.strictObject({
  /** `/graphql` is that path alone; `/storage/` is everything below. */
  path: z.string().startsWith('/'),
  /** The host that the route is at; where not given, every host that has no routes of its own. */
  host: z.string().optional(),
  area: z.enum(areas),
  sharedTablesOnly: z.boolean().optional(),
  anonKey: z.boolean().optional(),
});

const door = z.strictObject({
  path: z.string().regex(/^\/(?!check$|session\/|healthz$|metrics$)[\w./-]+$/),
  /** Where the request goes, path included. */
  upstream: z.url({ protocol: /^http$/ }),
  timeoutSeconds: count,
  /** Whether it may be asked over a socket (`graphql-transport-ws`) too. */
  websocket: z.boolean(),
  sharedTablesOnly: z.boolean().optional(),
});

const schema = z.strictObject({
  issuer: z.string().min(1),
  audience: z.string().min(1),
  graphql: z.array(door),
  routes: z.array(route),
  limits: z.strictObject({
    user: rate,
    tenant: rate,
    costPerMinute: count,
    failuresPerMinute: count,
    /** Slug → what is different for that tenant. */
    tenants: z.record(
      z.string(),
      z.strictObject({
        user: rate.optional(),
        tenant: rate.optional(),
        costPerMinute: count.optional(),
      }),
    ),
  }),
  query: z.strictObject({
    maxBodyBytes: count,
    maxTokens: count,
    maxDepth: count,
    maxCost: count,
    maxAliases: z.int().min(0),
    maxRootFields: count,
    maxDirectives: z.int().min(0),
    listSize: count,
    introspection: z.boolean(),
  }),
  sockets: z.strictObject({
    perUser: count,
    perTenant: count,
    /** Operations that run at the same time over one socket. */
    subscriptions: count,
    /** What may wait for one client to read it, and the largest result. */
    maxBufferedBytes: count,
    /** How often both sides are asked whether they are there, and whether the caller is still let in. */
    pingSeconds: count,
  }),
});

/** The file `guard.json`: what the guard lets through, and where. */
export type GuardConfig = z.output<typeof schema>;

export type Rate = z.output<typeof rate>;

export type QueryLimits = GuardConfig['query'];

export type GraphqlDoor = z.output<typeof door>;

/** Throws when the text is not what components/services/guard.ts writes: a guard that guesses would be an open door. */
export function readConfig(text: string): GuardConfig {
  return schema.parse(JSON.parse(text));
}
