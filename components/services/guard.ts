import type { LimitSettings } from '../settings/limits';
import type { Settings } from '../settings/schema';
import { withAliases } from './gateway/aliases';
import { socketPingSeconds } from './gateway/locations';
import { servedRoutes } from './gateway/input';
import type { GuardConfig } from './images/guard/config';
import { file } from './paths';
import type { Area } from './scopes';
import { type Workload } from './service';
import { tokens } from './tokens';

const port = 8000;

/** How long an answer may take where a route does not say it: as the gateway. */
const usualSeconds = 30;

/** Whose scopes open a service's routes; all other services, the tenant's own ones among them, are `services`. */
const areaOfService: Readonly<Record<string, Area>> = {
  graphql: 'graphql',
  hasura: 'graphql',
  postgrest: 'graphql',
  storage: 'storage',
  'supabase-storage': 'storage',
  functions: 'functions',
};

/**
 * The guard: what the gateway asks about each request with a token or an API key, what GraphQL goes through, and what
 * `realtime` asks about each of its sockets.
 *
 * It verifies tokens and API keys, matches the tenant, counts requests per tenant and user in Redis and limits what a
 * query may cost. When it, Redis or the database does not answer, the request is refused: it closes, it does not open.
 * `behind` are the services whose routes it guards. Replicas count together, so two or more are as strict as one.
 * Health: `/healthz` asks Redis and the database. Figures: `/metrics`. Costs one Node process of about 100 MB each.
 */
export function guard(
  settings: Pick<Settings, 'domain'> & { readonly limits: LimitSettings },
  behind: readonly Workload[],
): Workload {
  return {
    kind: 'workload',
    name: 'guard',
    program: { entries: { 'server.cjs': 'components/services/images/guard/server.ts' } },
    command: ['node', '--max-old-space-size=256', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      GUARD_CONFIG: file('guard.json'),
    },
    secrets: {
      JWT_KEY: { platform: 'jwt-key' },
      REDIS_URL: { redis: 'guard' },
      DATABASE_URL: { database: 'strata_guard' },
      // To hear of revoked keys at once: LISTEN does not work through the pooler.
      DATABASE_DIRECT_URL: { database: 'strata_guard', direct: true },
    },
    files: { 'guard.json': `${JSON.stringify(guardConfig(settings, behind), null, 2)}\n` },
    user: '1000:1000',
    resources: { memory: '512M' },
    needs: ['redis', 'pooler'],
    port,
    readsSchema: false,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    routes: {},
    replicas: 1,
  };
}

/** What the guard's program reads: limits from the settings, paths and upstreams from the services' routes. */
export function guardConfig(
  { domain, limits }: Pick<Settings, 'domain'> & { readonly limits: LimitSettings },
  behind: readonly Workload[],
): GuardConfig {
  const { graphql: query, sockets, ...rates } = limits;
  const routes = servedRoutes(behind);
  // The gateway asks by the path that the client wrote; GraphQL it sends on by the route's own.
  const asked = [...routes, ...withAliases(routes).added];
  return {
    ...tokens,
    graphql: routes
      .filter(({ route }) => route.access === 'graphql')
      .map(({ service, port, route }) => ({
        path: route.path,
        upstream: `http://${service}:${port}${route.upstreamPath ?? route.path}`,
        timeoutSeconds: route.timeoutSeconds ?? usualSeconds,
        websocket: route.websocket === true,
        ...(route.sharedTablesOnly && { sharedTablesOnly: true }),
      })),
    routes: asked
      .filter(({ route }) => route.access === 'token')
      .map(({ service, route: { path, subdomain, sharedTablesOnly, anonKey } }) => ({
        path,
        ...(subdomain !== undefined && { host: `${subdomain}.${domain}` }),
        area: areaOfService[service] ?? 'services',
        ...(sharedTablesOnly && { sharedTablesOnly }),
        ...(anonKey && { anonKey }),
      })),
    limits: rates,
    query,
    sockets: { ...sockets, pingSeconds: socketPingSeconds },
  };
}
