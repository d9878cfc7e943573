import type { AuthSettings, ProviderName } from '../../settings/auth';
import type { Settings } from '../../settings/schema';
import { publicUrl } from '../gateway/hosts';
import { hasuraAddress } from '../hasura/hasura';
import { image } from '../images';
import type { SecretSource, Template, Workload } from '../service';
import { claimsName, tokens } from '../tokens';
import type { Behind } from './sessions';

/** Where sessions finds it. */
export const hasuraAuthAddress = {
  kind: 'hasura-auth',
  name: 'hasura-auth',
  port: 4000,
} as const satisfies Behind;

type Given = Pick<Settings, 'domain' | 'gateway' | 'images'> & { readonly auth: AuthSettings };

/**
 * nhost's Hasura Auth: accounts, passwords, links by mail, providers. Nobody reaches it but through `sessions`.
 *
 * Its tables are in a database of its own, which Hasura knows as the source `default`; it tracks them there when it
 * starts, so Hasura comes first. It reads variables only and its image has no shell, so its secrets stand in the
 * container's description (docs/hardening.md). Its own limits are off: it would count all people as one address, that of
 * sessions; the gateway counts. Health: `/healthz`, which does not ask the database. No figures. Costs about 100 MB.
 *
 * Facts (read 2026-11-22; github.com/nhost/nhost, services/auth):
 * - port, variables and their defaults, health, no `*_FILE`: go/cmd/serve.go at 00375f21;
 * - no user is set in the image, which holds the program, /tmp and wget: project.nix at 1160266e, nixops/lib/go/go.nix at
 *   048e8742; so 1000:1000 is ours, and a read-only root is not promised upstream;
 * - AUTH_ENCRYPTION_KEY (64 hex digits) is required: serve.go; losing it loses second factors;
 * - JWT: HS256 with `issuer`, no audience is issued: controller/jwt.go at 09805b64;
 * - a URL without the word sslmode gets `?sslmode=disable` put behind: migrations/postgres.go at 2e09723d;
 * - refresh tokens rotate, their end slides: sql/query.sql, workflows.go at 10c23ef1;
 * - without TLS it logs in to no mail server but `localhost` and `mailhog`: notifications/stdlib.go at 2e09723d.
 */
export function hasuraAuth(settings: Given): Workload {
  const { auth } = settings;
  const { name, port } = hasuraAuthAddress;
  const url = publicUrl(settings);
  return {
    kind: 'workload',
    name,
    image: image(settings, 'hasura-auth'),
    environment: {
      AUTH_PORT: String(port),
      AUTH_SERVER_URL: `${url}/auth`,
      AUTH_CLIENT_URL: auth.redirectUrls[0] ?? url,
      AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: auth.redirectUrls.join(','),
      AUTH_ACCESS_TOKEN_EXPIRES_IN: String(auth.accessTokenSeconds),
      AUTH_REFRESH_TOKEN_EXPIRES_IN: String(auth.refreshTokenDays * 86_400),
      AUTH_USER_DEFAULT_ROLE: 'user',
      AUTH_USER_DEFAULT_ALLOWED_ROLES: 'user,me',
      AUTH_DISABLE_SIGNUP: String(auth.signUp === 'closed'),
      // Links and providers would make accounts too.
      AUTH_DISABLE_AUTO_SIGNUP: String(auth.signUp === 'closed'),
      AUTH_ANONYMOUS_USERS_ENABLED: 'false',
      AUTH_PASSWORD_MIN_LENGTH: String(auth.passwordMinLength),
      AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: String(auth.requireVerifiedEmail),
      AUTH_EMAIL_PASSWORDLESS_ENABLED: String(auth.smtp !== undefined),
      AUTH_MFA_ENABLED: String(auth.mfa),
      AUTH_MFA_TOTP_ISSUER: settings.domain,
      AUTH_CONCEAL_ERRORS: 'true',
      // On, people's browsers ask somebody else for their picture.
      AUTH_GRAVATAR_ENABLED: 'false',
      AUTH_RATE_LIMIT_ENABLE: 'false',
      HASURA_GRAPHQL_GRAPHQL_URL: `http://${hasuraAddress.name}:${String(hasuraAddress.port)}/v1/graphql`,
      ...mail(auth),
      ...providers(auth),
    },
    secrets: { AUTHORITY: { authority: 'database' } },
    secretEnvironment: {
      AUTH_ENCRYPTION_KEY: { platform: 'auth-encryption' },
      HASURA_GRAPHQL_ADMIN_SECRET: { platform: 'hasura-admin' },
      HASURA_GRAPHQL_JWT_SECRET: jwt,
      POSTGRES_CONNECTION: { vendor: 'hasura-auth' },
      ...(auth.smtp?.password !== undefined && { AUTH_SMTP_PASS: { config: auth.smtp.password } }),
      ...providerSecrets(auth),
    },
    files: {},
    scratch: ['/tmp'],
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: ['database', hasuraAddress.name],
    port,
    health: '/healthz',
    metrics: {
      none: 'its router has no path for figures; `sessions` counts what it refuses and when it fails',
    },
    readsSchema: false,
    routes: {},
    replicas: 1,
    // It finishes what it answers for up to 30 s.
    stopGraceSeconds: 40,
  };
}

const jwt: Template = {
  template: JSON.stringify({
    type: 'HS256',
    key: '{{KEY}}',
    issuer: tokens.issuer,
    claims_namespace: claimsName,
  }),
  secrets: { KEY: { platform: 'jwt-key' } },
};

function mail({ smtp }: AuthSettings): Record<string, string> {
  if (!smtp) return {};
  return {
    AUTH_SMTP_HOST: smtp.host,
    AUTH_SMTP_PORT: String(smtp.port),
    // Only of port 465; elsewhere it begins in the clear and goes on by STARTTLS.
    AUTH_SMTP_SECURE: String(smtp.port === 465),
    AUTH_SMTP_SENDER: smtp.sender,
    AUTH_SMTP_AUTH_METHOD: 'PLAIN',
    ...(smtp.user !== undefined && { AUTH_SMTP_USER: smtp.user }),
  };
}

function providers({ providers: given }: AuthSettings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, { clientId }]) => [
      [`AUTH_PROVIDER_${name.toUpperCase()}_ENABLED`, 'true'],
      [`AUTH_PROVIDER_${name.toUpperCase()}_CLIENT_ID`, clientId],
    ]),
  );
}

function providerSecrets({ providers: given }: AuthSettings): Record<string, SecretSource> {
  return Object.fromEntries(
    (Object.entries(given) as [ProviderName, { secret: string }][]).map(([name, { secret }]) => [
      `AUTH_PROVIDER_${name.toUpperCase()}_CLIENT_SECRET`,
      { config: secret },
    ]),
  );
}
