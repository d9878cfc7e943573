import type { Settings } from '../settings/schema';
import { publicUrl } from './gateway/hosts';
import { image } from './images';
import { secretFile } from './paths';
import type { Workload } from './service';
import { tokens } from './tokens';

const port = 3000;
const adminPort = 3001;

/** The most rows of one answer, as upstream's Compose file has it. */
const mostRows = 1000;

/**
 * PostgREST: REST over the tables of the schema `app`, at `/rest/`, with its OpenAPI document at `/rest/`.
 *
 * Each request is one transaction as `strata_tenant`, which the token names, with the token in `request.jwt.claims`:
 * row level security does the rest, and a token without a role is refused. It knows one database and one schema, so it
 * serves tenants that share tables; the guard refuses the others. It comes through the pooler, where nobody can
 * LISTEN, so a changed schema starts it anew. Costs about 60 MB each replica.
 *
 * Facts (read 2026-11-22; github.com/PostgREST/postgrest):
 * - variables, `@file`, a pooler of transactions without prepared statements and channel: docs/references/configuration.rst
 *   at 0060abeb, connection_pool.rst at 43a8745e, src/PostgREST/Config.hs at 021cd997 (one newline is cut off a secret);
 * - issuers are not checked, and `aud` only where a token has one: docs/references/auth.rst at 033317fd; the guard does both;
 * - `postgrest --ready` asks the admin server at its configured host, a name or address: src/PostgREST/Client.hs at 27c1f1da;
 * - `/ready` and `/metrics` of the admin server: docs/references/admin_server.rst at 0b02aa28;
 * - uid 1000 and no shell: nix/tools/docker/default.nix at 0cdeb8f6. That it writes no file is not said upstream.
 */
export function postgrest(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: 'postgrest',
    image: image(settings, 'postgrest'),
    environment: {
      PGRST_DB_URI: `@${secretFile('DATABASE_URL')}`,
      PGRST_DB_SCHEMAS: 'app',
      // Nothing else is on the path of a request, as with the other APIs.
      PGRST_DB_EXTRA_SEARCH_PATH: '',
      // Settings of the role in the database would win over these.
      PGRST_DB_CONFIG: 'false',
      PGRST_DB_PREPARED_STATEMENTS: 'false',
      PGRST_DB_CHANNEL_ENABLED: 'false',
      PGRST_DB_MAX_ROWS: String(mostRows),
      PGRST_DB_PLAN_ENABLED: 'false',
      PGRST_DB_AGGREGATES_ENABLED: 'false',
      PGRST_JWT_SECRET: `@${secretFile('JWT_KEY')}`,
      PGRST_JWT_AUD: tokens.audience,
      PGRST_JWT_ROLE_CLAIM_KEY: '.role',
      PGRST_OPENAPI_MODE: 'follow-privileges',
      PGRST_OPENAPI_SECURITY_ACTIVE: 'true',
      PGRST_OPENAPI_SERVER_PROXY_URI: `${publicUrl(settings)}/rest`,
      PGRST_SERVER_HOST: '0.0.0.0',
      PGRST_SERVER_PORT: String(port),
      PGRST_SERVER_TRACE_HEADER: 'X-Request-Id',
      PGRST_ADMIN_SERVER_HOST: '0.0.0.0',
      PGRST_ADMIN_SERVER_PORT: String(adminPort),
      // Below that, lines of requests hold what was filtered by.
      PGRST_LOG_LEVEL: 'error',
    },
    secrets: {
      DATABASE_URL: { database: 'strata_authenticator' },
      JWT_KEY: { platform: 'jwt-key' },
    },
    files: {},
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    healthCommand: ['postgrest', '--ready'],
    metrics: { port: adminPort, path: '/metrics' },
    readsSchema: true,
    routes: {
      rest: { path: '/rest/', access: 'token', upstreamPath: '/', sharedTablesOnly: true },
    },
    replicas: 1,
  };
}
