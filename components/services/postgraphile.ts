import type { Workload } from './service';
import { tokens } from './tokens';

/**
 * GraphQL over the schema `app` by PostGraphile 5, at `/graphql`.
 *
 * Every request needs an access token; its tenant, user and role reach Postgres as the transaction's settings, and row
 * level security does the rest. Health: `/healthz` asks the database. Costs one Node process of about 150 MB.
 */
export function postgraphile(port: number, introspection: boolean): Workload {
  return {
    kind: 'workload',
    name: 'graphql',
    // What one query may need; a process without a limit would take the machine with it.
    command: ['node', '--max-old-space-size=512', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      GRAPHQL_SCHEMAS: 'app',
      // Whether errors may name what the schema has: as much as the guard lets callers ask for it.
      GRAPHQL_INTROSPECTION: String(introspection),
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
    },
    secrets: {
      DATABASE_URL: { database: 'strata_authenticator' },
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
    routes: { graphql: { path: '/graphql', access: 'graphql' } },
    replicas: 1,
  };
}
