import type { CustomRoute, CustomService } from '../settings/custom';
import type { Route } from './route';
import type { Job, SecretSource, Service, Workload } from './service';
import { tokens } from './tokens';

/** Who a custom service runs as unless it says otherwise: the first user of most images, `node` of Node's. */
const ordinaryUser = '1000:1000';

const jobTimeoutSeconds = 600;

/** One that leaks must not take the database with it. */
const usualMemory = '512M';

/**
 * A user's own service as the config describes it: an image, an image that is built, or without containers a command.
 *
 * It runs without root, capabilities or a file system that it could write to, but for /tmp. It gets no secret that it
 * does not ask for by name: `database` is the role strata_app (rows of one tenant at a time, by settings of the
 * transaction), `redis` the user `app`. Costs what its program does; the platform adds nothing.
 *
 * @example custom('shop', { build: { context: './app/services/shop' }, port: 8001, … })
 */
export function custom(name: string, given: CustomService): Service {
  return given.job ? job(name, given) : workload(name, given);
}

function job(name: string, given: CustomService): Job {
  return { ...common(name, given), kind: 'job', timeoutSeconds: jobTimeoutSeconds };
}

function workload(name: string, given: CustomService): Workload {
  const { port, publish, health, healthCommand, replicas } = given;
  return {
    ...common(name, given),
    kind: 'workload',
    readsSchema: false,
    routes: given.route ? { [name]: route(given.route) } : {},
    replicas,
    ...(port !== undefined && { port }),
    ...(health !== undefined && { health }),
    ...(healthCommand && { healthCommand }),
    ...(port !== undefined && publish !== undefined && { published: { [publish]: port } }),
  };
}

type Common = Omit<Job, 'kind' | 'timeoutSeconds'>;

function common(name: string, given: CustomService): Common {
  const { image, build, command, workdir, resources } = given;
  return {
    name,
    environment: environment(given),
    secrets: secrets(given),
    files: {},
    scratch: ['/tmp'],
    user: given.user ?? ordinaryUser,
    writableRoot: given.writableRoot,
    needs: needs(given),
    ...(image !== undefined && { image }),
    ...(build && {
      build: {
        context: build.context,
        ...(build.dockerfile !== undefined && { dockerfile: build.dockerfile }),
      },
    }),
    ...(command && { command }),
    ...(workdir !== undefined && { workdir }),
    resources: { memory: usualMemory, ...resources },
  };
}

function environment({ env, port, verifiesTokens }: CustomService): Common['environment'] {
  return {
    ...env,
    ...(port !== undefined && { PORT: String(port) }),
    ...(verifiesTokens && { JWT_ISSUER: tokens.issuer, JWT_AUDIENCE: tokens.audience }),
  };
}

function secrets(given: CustomService): Record<string, SecretSource> {
  const own = Object.entries(given.secrets).map(([variable, config]) => [variable, { config }]);
  return {
    ...(Object.fromEntries(own) as Record<string, SecretSource>),
    ...(given.database && { DATABASE_URL: { database: 'strata_app' } as const }),
    ...(given.redis && { REDIS_URL: { redis: 'app' } as const }),
    ...(given.verifiesTokens && { JWT_KEY: { platform: 'jwt-key' } as const }),
  };
}

/** The database comes first for everybody: a schema that is not there yet is no place to start on. */
function needs(given: CustomService): string[] {
  return [...new Set(['database', ...(given.redis ? ['redis'] : []), ...given.needs])];
}

function route(given: CustomRoute): Route {
  const { path = '/', subdomain, access, upstreamPath, websocket } = given;
  const { maxBody, cacheSeconds, timeoutSeconds } = given;
  return {
    path,
    access,
    websocket,
    ...(subdomain !== undefined && { subdomain }),
    ...(upstreamPath !== undefined && { upstreamPath }),
    ...(maxBody !== undefined && { maxBody }),
    ...(cacheSeconds !== undefined && { cacheSeconds }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}
