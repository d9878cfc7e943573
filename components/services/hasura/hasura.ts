import type { Settings } from '../../settings/schema';
import { image } from '../images';
import { file, secretFile } from '../paths';
import type { FileContent, SecretSource, Workload } from '../service';
import { claimsName, tokens } from '../tokens';
import { sourcesOf, type HasuraSource } from './sources';

/** Where the service listens, and its name inside the platform. */
export const hasuraAddress = { name: 'hasura', port: 8080 } as const;

/** What ends while Hasura is stopped may take this long, which is its own default. */
const shutdownSeconds = 60;

/**
 * Hasura v2: GraphQL over the tables of `app/tenancy.ts`, at `/v1/graphql`, for tenants that share them.
 *
 * Its rules are `strata:hasura:Metadata`'s, the only writer. It comes to the data as `strata_hasura` through the pooler
 * (row level security fences what it writes) and keeps its metadata in a database of its own. Callers reach GraphQL
 * through the guard; its metadata API and the console stay inside the platform. The image reads variables only, so a
 * shell reads the secrets' files first: they stand in no container's description. Costs about 300 MB each replica.
 *
 * Facts (read 2026-11-22; HGE is github.com/hasura/graphql-engine):
 * - port 8080, `/healthz` 200 also with inconsistent metadata, for balancers: docs/deployment/health-checks at 23f2d3ae;
 * - uid 1001 is made but not chosen, `"${HGE_BINARY}" serve` in a shell: packaging/graphql-engine/Dockerfile at 1c8236d7;
 * - variables and defaults: server/src-lib/Hasura/Server/Init/Arg/Command/Serve.hs, docs/…/reference.mdx at 0080e32e;
 * - JWT: docs/auth/authentication/jwt.mdx at 083f5a51; `issuer` and `audience` are checked, HS256 needs 32 characters;
 * - the metadata's connections are PG_CONNECTIONS, prepared statements go directly: metadata stays past the pooler.
 */
export function hasura(settings: Settings): Workload {
  const { cors } = settings.gateway;
  return {
    kind: 'workload',
    name: hasuraAddress.name,
    image: image(settings, 'hasura'),
    entrypoint: ['/bin/sh', '-c'],
    command: [start(sourcesOf(settings))],
    environment: {
      HASURA_GRAPHQL_SERVER_PORT: String(hasuraAddress.port),
      HASURA_GRAPHQL_ENABLE_CONSOLE: 'false',
      HASURA_GRAPHQL_DEV_MODE: 'false',
      HASURA_GRAPHQL_ENABLE_TELEMETRY: 'false',
      HASURA_GRAPHQL_ENABLED_APIS: 'graphql,metadata',
      HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup,http-log,webhook-log,websocket-log',
      HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS: 'false',
      // The gateway says it for every service; an empty value would answer nobody, and `*` everybody.
      ...(cors.origins.length > 0
        ? { HASURA_GRAPHQL_CORS_DOMAIN: cors.origins.join(',') }
        : { HASURA_GRAPHQL_DISABLE_CORS: 'true' }),
      HASURA_GRAPHQL_ENABLE_ALLOWLIST: String(settings.hasura.allowList),
      HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS: 'false',
      // Numbers of more than 53 bits would be others in a browser.
      HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES: 'true',
      // The outbox hands out events; Hasura's own would need triggers on tenants' tables.
      HASURA_GRAPHQL_EVENTS_FETCH_BATCH_SIZE: '0',
      HASURA_GRAPHQL_PG_CONNECTIONS: '5',
      HASURA_GRAPHQL_GRACEFUL_SHUTDOWN_TIMEOUT: String(shutdownSeconds),
    },
    secrets: {
      HASURA_GRAPHQL_ADMIN_SECRET: { platform: 'hasura-admin' },
      HASURA_GRAPHQL_METADATA_DATABASE_URL: { vendor: 'hasura' },
      ...Object.fromEntries(
        sourcesOf(settings).map(({ variable, secret }): [string, SecretSource] => [
          variable,
          secret,
        ]),
      ),
    },
    files: { [jwtFile]: jwt },
    // Not said upstream; HOME and what Haskell's runtime may want to write.
    scratch: ['/tmp', '/home/hasura'],
    user: '1001:1001',
    resources: { memory: settings.hasura.memory },
    needs: ['database', 'pooler'],
    port: hasuraAddress.port,
    health: '/healthz',
    metrics: {
      none: 'only its Enterprise Edition has figures; the guard counts and times every query',
    },
    reach: { port: hasuraAddress.port, hostPort: settings.docker.hasuraPort },
    readsSchema: true,
    routes: {
      hasura: {
        path: '/v1/graphql',
        access: 'graphql',
        websocket: true,
        sharedTablesOnly: true,
      },
    },
    replicas: 1,
    stopGraceSeconds: shutdownSeconds + 10,
  };
}

const jwtFile = 'jwt.json';

const jwt: FileContent = {
  template: JSON.stringify({
    type: 'HS256',
    key: '{{KEY}}',
    claims_namespace: claimsName,
    issuer: tokens.issuer,
    audience: tokens.audience,
  }),
  secrets: { KEY: { platform: 'jwt-key' } },
};

function start(sources: readonly HasuraSource[]): string {
  const names = [
    'HASURA_GRAPHQL_ADMIN_SECRET',
    'HASURA_GRAPHQL_METADATA_DATABASE_URL',
    ...sources.map(({ variable }) => variable),
  ];
  return [
    'set -e',
    ...names.map((name) => `${name}=$(cat ${secretFile(name)}); export ${name}`),
    `HASURA_GRAPHQL_JWT_SECRET=$(cat ${file(jwtFile)}); export HASURA_GRAPHQL_JWT_SECRET`,
    'exec "${HGE_BINARY:-graphql-engine}" serve',
  ].join('\n');
}
