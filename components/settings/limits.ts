import { z } from 'zod';
import * as values from './values';

function count(most: number, least = 1) {
  return values.whole(`a whole number from ${least} to ${most}, without quotes`, least, most);
}

const perMinute = count(1_000_000);
const burst = count(100_000);
const cost = count(1_000_000_000);

const burstMeaning = 'How many of them may come within one second.';

const special = z
  .strictObject({
    tenant: z
      .strictObject({
        perMinute: perMinute.describe('Requests of the whole tenant in one minute.'),
        burst: burst.describe(burstMeaning),
      })
      .optional()
      .describe('Instead of the usual limit of a tenant.'),
    user: z
      .strictObject({
        perMinute: perMinute.describe('Requests of one user, or of one API key, in one minute.'),
        burst: burst.describe(burstMeaning),
      })
      .optional()
      .describe('Instead of the usual limit of each user and API key.'),
    costPerMinute: cost.optional().describe('Instead of the usual cost of GraphQL in one minute.'),
  })
  .describe('What is different for one tenant.');

const graphql = z
  .strictObject({
    maxBodyBytes: count(10_000_000)
      .default(100_000)
      .describe('The size of a request; PostGraphile reads 100000 bytes at most.'),
    maxTokens: count(100_000)
      .default(4000)
      .describe('Words and signs of a query: what reading it may cost.'),
    maxDepth: count(100).default(12).describe('Fields within fields.'),
    maxCost: cost
      .default(50_000)
      .describe('Fields, each counted as often as the lists around it are long.'),
    listSize: count(10_000)
      .default(10)
      .describe('How long a field with fields of its own is taken for when no argument says it.'),
    maxRootFields: count(1000).default(20).describe('Fields at the top of a query.'),
    maxAliases: count(10_000, 0).default(30).describe('Fields that are given another name.'),
    maxDirectives: count(10_000, 0).default(30).describe('Directives such as @include.'),
    introspection: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe('Whether the API describes itself to its callers; for development.'),
  })
  .describe('What a GraphQL query may be. Several queries in one request are refused.');

const sockets = z
  .strictObject({
    perUser: count(10_000).default(20).describe('Of one user, or of one API key, at a time.'),
    perTenant: count(100_000).default(1000).describe('Of the whole tenant at a time.'),
    subscriptions: count(10_000)
      .default(100)
      .describe(
        'Subscriptions, queries and mutations that run over one socket at a time; channels of realtime.',
      ),
    maxBufferedBytes: count(100_000_000)
      .default(4_000_000)
      .describe('What may wait for one client to read it, and the largest result.'),
  })
  .describe(
    'Web sockets: of GraphQL, where a message may be as large as graphql.maxBodyBytes, and apart from them those of realtime.',
  );

/** `strata:limits`: what one caller may ask of the platform. nginx limits addresses besides (`strata:gateway`). */
export const limits = z
  .strictObject({
    user: z
      .strictObject({
        perMinute: perMinute
          .default(600)
          .describe('Requests of one user, or of one API key, in one minute.'),
        burst: burst.default(60).describe(burstMeaning),
      })
      .prefault({})
      .describe('Each user and each API key.'),
    tenant: z
      .strictObject({
        perMinute: perMinute.default(6000).describe('Requests of the whole tenant in one minute.'),
        burst: burst.default(300).describe(burstMeaning),
      })
      .prefault({})
      .describe('All users and API keys of a tenant together.'),
    costPerMinute: cost
      .default(2_000_000)
      .describe('What the GraphQL queries of a tenant may cost together in one minute.'),
    failuresPerMinute: perMinute
      .default(30)
      .describe('Tokens and API keys that are none, from one address in one minute.'),
    tenants: z
      .record(values.tenantSlug, special)
      .default({})
      .describe('Slug → what is different for that tenant.'),
    graphql: graphql.prefault({}),
    sockets: sockets.prefault({}),
  })
  .describe('Limits of users, tenants and API keys, and of GraphQL queries.');

export type LimitSettings = z.output<typeof limits>;
