import type { OauthSettings } from '../../settings/oauth';
import type { Settings } from '../../settings/schema';
import { publicUrl } from '../gateway/hosts';
import type { OauthConfig } from '../images/oauth/config';
import { file } from '../paths';
import { scopes } from '../scopes';
import type { Workload } from '../service';
import { tokens } from '../tokens';

const port = 8300;

/** Below which path everything is. */
const base = '/oauth';

interface Options extends Pick<Settings, 'domain' | 'gateway'> {
  readonly oauth: OauthSettings;
  /** Where the sessions service answers, such as http://sessions:8200, and its name; without it nobody can sign in. */
  readonly sessions?: { readonly name: string; readonly url: string };
}

/** The words of `strata:oauth` → the registry's: it has no owner, whom nothing would set apart from an admin. */
const roles = { owner: 'admin', admin: 'admin', user: 'member' } as const;

/**
 * OAuth 2.0 and OpenID Connect for tenants, at `/oauth/`: authorization code with PKCE, client credentials, refresh tokens
 * that rotate, the password grant for clients that are named, introspection and revocation (docs/oauth.md).
 *
 * Its access tokens are the platform's, so every service takes them, within the scopes that they have. What it keeps is
 * in Redis, so replicas share it. Health: `/healthz` asks Redis. Figures: `/metrics`. Costs one Node process of about
 * 120 MB.
 */
export function oauth(options: Options): Workload {
  const { sessions } = options;
  return {
    kind: 'workload',
    name: 'oauth',
    program: { entries: { 'server.cjs': 'components/services/images/oauth/server.ts' } },
    command: ['node', '--max-old-space-size=192', '{program}/server.cjs'],
    environment: { PORT: String(port), OAUTH_CONFIG: file('oauth.json') },
    secrets: {
      OAUTH_KEY: { platform: 'oauth-key' },
      JWT_KEY: { platform: 'jwt-key' },
      REDIS_URL: { redis: 'oauth' },
      // Three short questions an hour for each person: no pool of its own at the pooler.
      DATABASE_URL: { database: 'strata_oauth', direct: true },
      ...clientSecrets(options.oauth),
    },
    files: { 'oauth.json': `${JSON.stringify(oauthConfig(options), null, 2)}\n` },
    user: '1000:1000',
    resources: { memory: '384M' },
    needs: ['database', 'redis', ...(sessions ? [sessions.name] : [])],
    port,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    routes: {
      oauth: { path: `${base}/`, access: 'public', strict: true, maxBody: '16K' },
      // Where clients look that know the host alone, and where RFC 8414 puts it for an issuer with a path.
      'oauth-openid': { ...metadata, path: '/.well-known/openid-configuration' },
      'oauth-metadata': { ...metadata, path: '/.well-known/oauth-authorization-server' },
      'oauth-metadata-issuer': {
        ...metadata,
        path: `/.well-known/oauth-authorization-server${base}`,
      },
    },
    replicas: 1,
  };
}

const metadata = {
  access: 'public',
  upstreamPath: `${base}/.well-known/oauth-authorization-server`,
  withoutQuery: true,
  maxBody: '1K',
} as const;

/** What the program reads. */
function oauthConfig({ domain, gateway, oauth: given, sessions }: Options): OauthConfig {
  return {
    issuer: `${publicUrl({ domain, gateway })}${base}`,
    tokens,
    scopes: [...scopes],
    ...(sessions && { sessions: sessions.url }),
    clients: Object.entries(given.clients).map(([id, client]) => ({
      id,
      name: client.name ?? id,
      ...(client.secret !== undefined && { secret: variableOf(id) }),
      redirectUris: client.redirectUris,
      grants: client.grants,
      scopes: client.scopes,
      firstParty: client.firstParty,
      ...(client.tenant !== undefined && {
        acts: { tenant: client.tenant, role: roles[client.role] },
      }),
    })),
  };
}

function clientSecrets({ clients }: OauthSettings): Workload['secrets'] {
  return Object.fromEntries(
    Object.entries(clients).flatMap(([id, { secret }]) =>
      secret === undefined ? [] : [[variableOf(id), { config: secret }]],
    ),
  );
}

/** Ids have no underscore, so no two of them have one variable. */
function variableOf(id: string): string {
  return `CLIENT_SECRET_${id.toUpperCase().replaceAll('-', '_')}`;
}
