import type { AuthSettings } from '../../settings/auth';
import type { Settings } from '../../settings/schema';
import type { SessionsConfig } from '../images/sessions/config';
import { file } from '../paths';
import type { Workload } from '../service';
import { publicUrl } from '../gateway/hosts';
import { tokens } from '../tokens';

const port = 8000;

/** Where the platform's own programs find it. */
export const sessionsAddress = {
  name: 'sessions',
  url: `http://sessions:${String(port)}`,
} as const;

/** The auth service behind: its name in the platform is its host's. */
export interface Behind {
  readonly kind: SessionsConfig['upstream']['kind'];
  readonly name: string;
  readonly port: number;
}

type Given = Pick<Settings, 'domain' | 'gateway'> & { readonly auth: AuthSettings };

/**
 * Sessions: the door to the auth service, at `/auth/`, whichever that is. Nothing else of the platform speaks with it.
 *
 * It makes the platform's tokens of the upstream's (one tenant, one role), keeps refresh tokens in a cookie, switches
 * tenants and ends sessions at once. Nothing is kept here but which pages refresh at the same moment, so replicas need no
 * common memory. Health: `/healthz` asks the database. Figures: `/metrics`. Costs one Node process of about 80 MB each.
 * `behind` is the auth service: `sessions(settings, { kind: 'gotrue', name: 'gotrue', port: 9999 })`.
 */
export function sessions(settings: Given, behind: Behind): Workload {
  return {
    kind: 'workload',
    name: 'sessions',
    program: { entries: { 'server.cjs': 'components/services/images/sessions/server.ts' } },
    command: ['node', '--max-old-space-size=192', '{program}/server.cjs'],
    environment: { PORT: String(port), SESSIONS_CONFIG: file('sessions.json') },
    secrets: {
      JWT_KEY: { platform: 'jwt-key' },
      // Short questions of one login, which the pooler has no pool for.
      DATABASE_URL: { database: 'strata_sessions', direct: true },
    },
    files: {
      'sessions.json': `${JSON.stringify(sessionsConfig(settings, behind), null, 2)}\n`,
    },
    user: '1000:1000',
    resources: { memory: '384M' },
    needs: ['database', behind.name],
    port,
    readsSchema: false,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    routes: { auth: { path: '/auth/', access: 'public', strict: true, maxBody: '1M' } },
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/** What the program reads. */
export function sessionsConfig(
  { domain, gateway, auth }: Given,
  { kind, name, port: upstreamPort }: Behind,
): SessionsConfig {
  return {
    upstream: { kind, url: `http://${name}:${String(upstreamPort)}` },
    ...tokens,
    accessTokenSeconds: auth.accessTokenSeconds,
    refreshTokenDays: auth.refreshTokenDays,
    cookie: auth.refreshToken === 'cookie',
    // The gateway lets the same ones read answers. The API's own page has the same origin as the API.
    origins: [...new Set([publicUrl({ domain, gateway }), ...gateway.cors.origins])],
    domain,
    addressesAreProven: auth.requireVerifiedEmail,
  };
}
