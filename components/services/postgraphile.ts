import type { TenancyDeclaration } from '../tenancy/declaration';
import { smartTags } from '../tenancy/postgraphile';
import type { Workload } from './service';
import { tenantPools } from './tenant-pools';
import { tokens } from './tokens';

interface Options {
  readonly port: number;
  /** Whether errors may name what the caller may have meant. */
  readonly introspection: boolean;
  /** Whether a pooler stands before the database. */
  readonly pooled: boolean;
  readonly declaration: TenancyDeclaration;
}

/**
 * GraphQL over the tables of the schema `app` by PostGraphile 5, at `/graphql`: over a tenant's own schema or database
 * where the registry says that it has one. `pooled`: a pooler stands between.
 *
 * Every request needs an access token; its tenant, user and role reach Postgres as the transaction's settings, and row
 * level security does the rest. Queries and mutations also come over sockets; there are no subscriptions in its schema yet
 * (docs/adr/0021-sockets.md). Health: `/healthz` asks the database. Costs one Node process of about 150 MB.
 */
export function postgraphile({ port, introspection, pooled, declaration }: Options): Workload {
  return {
    kind: 'workload',
    name: 'graphql',
    // What one query may need; a process without a limit would take the machine with it.
    command: ['node', '--max-old-space-size=512', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      GRAPHQL_SCHEMAS: 'app',
      // What nobody may do is not in the API, and neither is what is hidden.
      GRAPHQL_TAGS: JSON.stringify(smartTags(declaration)),
      TENANT_POOLS: String(tenantPools),
      POOLED: String(pooled),
      // A pooler older than 1.21 mixes up statements with names: they are sent without.
      ...(pooled && { DATAPLAN_PG_PREPARED_STATEMENT_CACHE_SIZE: '0' }),
      // Whether errors may name what the schema has: as much as the guard lets callers ask for it.
      GRAPHQL_INTROSPECTION: String(introspection),
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
    },
    secrets: {
      DATABASE_URL: { database: 'strata_authenticator' },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      JWT_KEY: { platform: 'jwt-key' },
    },
    program: { entries: { 'server.cjs': 'components/services/images/graphql/server.ts' } },
    files: {},
    scratch: ['/tmp'],
    user: '1000:1000',
    resources: { memory: '768M' },
    needs: ['database'],
    port,
    readsSchema: true,
    health: '/healthz',
    metrics: { none: 'the guard counts and times every query, and knows what each costs' },
    routes: { graphql: { path: '/graphql', access: 'graphql', websocket: true } },
    replicas: 1,
  };
}
