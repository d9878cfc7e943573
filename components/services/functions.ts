import type { FunctionsSettings } from '../settings/functions';
import { mebibytes } from '../settings/sizes';
import type { DeclaredFunction } from './declared-functions';
import type { Route } from './route';
import type { SecretSource, Workload } from './service';
import { tenantPools } from './tenant-pools';
import { tokens } from './tokens';

const port = 3000;
const bodyBytes = 1_048_576;
const images = 'components/services/images/functions';

/**
 * The functions of the application: `functions` answers HTTP, `functions-worker` runs what events, the clock and queues
 * start. Each is there only when it has functions, and holds only its own: a changed function restarts one of them.
 *
 * They are apart so that a busy queue does not slow HTTP down, and so that what callers reach holds no login of the
 * outbox. Both act as `strata_app`, by the pooler (for a tenant with its own database as that tenant's login); the
 * worker's LISTEN passes it by. Health: `/healthz` asks database and Redis. Costs two Node processes of `memory` at most,
 * each replica.
 */
export function functions(
  settings: FunctionsSettings,
  declared: readonly DeclaredFunction[],
): Workload[] {
  const called = declared.filter(({ kind }) => kind === 'http' || kind === 'publicHttp');
  const started = declared.filter((one) => !called.includes(one));
  return [
    ...(called.length > 0 ? [overHttp(settings, called)] : []),
    ...(started.length > 0 ? [byWorker(settings, started)] : []),
  ];
}

function overHttp(settings: FunctionsSettings, declared: readonly DeclaredFunction[]): Workload {
  const common = runtime(settings, 'server', declared);
  return {
    ...common,
    name: 'functions',
    environment: {
      ...common.environment,
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
      BODY_BYTES: String(bodyBytes),
    },
    routes: routes(settings, declared),
    replicas: settings.replicas,
  };
}

function byWorker(settings: FunctionsSettings, declared: readonly DeclaredFunction[]): Workload {
  const common = runtime(settings, 'worker', declared);
  return {
    ...common,
    name: 'functions-worker',
    environment: { ...common.environment, KEEP_DAYS: String(settings.keepDays) },
    secrets: {
      ...common.secrets,
      // LISTEN belongs to a session, and a pooler's client has none.
      OUTBOX_URL: { database: 'strata_dispatcher', direct: true },
    },
    needs: ['database', ...common.needs],
    routes: {},
    replicas: settings.workers,
  };
}

function runtime(
  settings: FunctionsSettings,
  program: 'server' | 'worker',
  declared: readonly DeclaredFunction[],
): Omit<Workload, 'name' | 'routes' | 'replicas'> {
  // What is not JavaScript's heap: buffers, code, the watchdog's thread.
  const heap = Math.floor(mebibytes(settings.memory) * 0.75);
  return {
    kind: 'workload',
    program: {
      entries: {
        [`${program}.cjs`]: `${images}/${program}.ts`,
        ...Object.fromEntries(declared.map(({ name, file }) => [`functions/${name}.cjs`, file])),
      },
    },
    command: ['node', `--max-old-space-size=${heap}`, `{program}/${program}.cjs`],
    environment: {
      PORT: String(port),
      TIMEOUT_SECONDS: String(settings.timeoutSeconds),
      ATTEMPTS: String(settings.attempts),
      TENANT_POOLS: String(tenantPools),
      POOLED: 'true',
      FUNCTION_SECRETS: Object.keys(settings.secrets).sort().join(','),
    },
    secrets: {
      DATABASE_URL: { database: 'strata_app' },
      REDIS_URL: { redis: 'functions' },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      JWT_KEY: { platform: 'jwt-key' },
      ...secrets(settings),
    },
    files: {},
    resources: { memory: settings.memory },
    needs: ['pooler', 'redis'],
    user: '1000:1000',
    port,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    stopGraceSeconds: settings.timeoutSeconds + 10,
  };
}

function secrets(settings: FunctionsSettings): Record<string, SecretSource> {
  return Object.fromEntries(
    Object.entries(settings.secrets).map(([name, config]) => [name, { config }]),
  );
}

/** Everything needs a token but the paths of public functions, one by one. */
function routes(
  { timeoutSeconds }: FunctionsSettings,
  declared: readonly DeclaredFunction[],
): Record<string, Route> {
  // The runtime ends a run first, so that its caller is told why.
  const common = { maxBody: '1M', timeoutSeconds: timeoutSeconds + 5 };
  const open = declared.filter(({ kind }) => kind === 'publicHttp');
  return {
    functions: { path: '/functions/', access: 'token', ...common },
    ...Object.fromEntries(
      open.map(({ name }): [string, Route] => [
        `functions-${name}`,
        { path: `/functions/${name}`, access: 'public', ...common },
      ]),
    ),
  };
}
