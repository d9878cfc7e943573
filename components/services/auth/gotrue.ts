import type { AuthSettings, ProviderName } from '../../settings/auth';
import type { Settings } from '../../settings/schema';
import { publicUrl } from '../gateway/hosts';
import { image } from '../images';
import { file } from '../paths';
import type { SecretSource, Template, Workload } from '../service';
import { tokens } from '../tokens';
import type { Behind } from './sessions';

/** Where sessions finds it. */
export const gotrueAddress = {
  kind: 'gotrue',
  name: 'gotrue',
  port: 9999,
} as const satisfies Behind;

type Given = Pick<Settings, 'domain' | 'gateway' | 'images'> & { readonly auth: AuthSettings };

/** As GoTrue calls them. */
const called: Partial<Record<ProviderName, string>> = {
  azuread: 'AZURE',
  linkedin: 'LINKEDIN_OIDC',
};

/**
 * Supabase's GoTrue: accounts, passwords, links by mail, providers. Nobody reaches it but through `sessions`.
 *
 * Its tables are in the schema `auth` of a database of its own. All that it is told stands in one file of variables, so
 * that no secret is in the container's description. Health: `/health`. Figures: at `/` of port 9100. Costs about 60 MB.
 *
 * Facts (read 2026-11-22; GT is github.com/supabase/auth):
 * - `-c FILE` is a dotenv file that counts for `migrate` and `serve`, which `auth` alone runs one after the other; no
 *   `*_FILE`: GT cmd/{root,serve}_cmd.go at 03ce1cff, cmd/migrate_cmd.go at 0551dc70;
 * - uid 1000, `/usr/local/bin/auth`, wget: GT Dockerfile at 09030057; port and health as in supabase/supabase
 *   docker/docker-compose.yml at 1f37f2a9;
 * - API_EXTERNAL_URL holds `/auth/v1`, redirects of providers are `…/callback`: the same compose file;
 * - refresh tokens have no end of their own but GOTRUE_SESSIONS_*; the limits for each client need
 *   GOTRUE_RATE_LIMIT_HEADER: supabase/supabase docker/CONFIG.md at 8fff2b40;
 * - DB_MAX_POOL_SIZE 0 is unlimited: CONFIG.md; the schema is named in the URL: public deployments, `search_path=auth`;
 * - figures are at `/`, not `/metrics`: GT README at 01951a48.
 */
export function gotrue(settings: Given): Workload {
  const { name, port } = gotrueAddress;
  return {
    kind: 'workload',
    name,
    image: image(settings, 'gotrue'),
    command: ['auth', '-c', file(variablesFile)],
    environment: {},
    secrets: { AUTHORITY: { authority: 'database' } },
    files: { [variablesFile]: variables(settings) },
    scratch: ['/tmp'],
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    healthCommand: [
      'wget',
      '--no-verbose',
      '--tries=1',
      '--spider',
      `http://localhost:${String(port)}/health`,
    ],
    metrics: { port: metricsPort, path: '/' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

const variablesFile = 'gotrue.env';
const metricsPort = 9100;

function variables(settings: Given): Template {
  const { auth } = settings;
  const url = publicUrl(settings);
  const days = `${String(auth.refreshTokenDays * 24)}h`;
  const plain: Record<string, string> = {
    GOTRUE_API_HOST: '0.0.0.0',
    GOTRUE_API_PORT: String(gotrueAddress.port),
    API_EXTERNAL_URL: `${url}/auth/v1`,
    GOTRUE_SITE_URL: auth.redirectUrls[0] ?? url,
    GOTRUE_URI_ALLOW_LIST: auth.redirectUrls.join(','),
    GOTRUE_DB_DRIVER: 'postgres',
    DB_NAMESPACE: 'auth',
    // Of the ten that its login may have, two are for migrations of the one that comes.
    GOTRUE_DB_MAX_POOL_SIZE: '8',
    GOTRUE_JWT_ISSUER: tokens.issuer,
    GOTRUE_JWT_AUD: tokens.audience,
    GOTRUE_JWT_EXP: String(auth.accessTokenSeconds),
    GOTRUE_SESSIONS_TIMEBOX: days,
    GOTRUE_SESSIONS_INACTIVITY_TIMEOUT: days,
    GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED: 'true',
    GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10',
    // The gateway writes it, and sessions passes it on.
    GOTRUE_RATE_LIMIT_HEADER: 'X-Real-IP',
    GOTRUE_DISABLE_SIGNUP: String(auth.signUp === 'closed'),
    GOTRUE_EXTERNAL_EMAIL_ENABLED: 'true',
    GOTRUE_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED: String(auth.smtp !== undefined),
    GOTRUE_EXTERNAL_PHONE_ENABLED: 'false',
    GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'false',
    GOTRUE_MAILER_AUTOCONFIRM: String(!auth.requireVerifiedEmail),
    GOTRUE_PASSWORD_MIN_LENGTH: String(auth.passwordMinLength),
    GOTRUE_MFA_TOTP_ENROLL_ENABLED: String(auth.mfa),
    GOTRUE_MFA_TOTP_VERIFY_ENABLED: String(auth.mfa),
    GOTRUE_METRICS_ENABLED: 'true',
    GOTRUE_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
    ...mail(auth),
    ...providers(auth, `${url}/auth/v1/callback`),
  };
  const secrets: Record<string, SecretSource> = {
    GOTRUE_DB_DATABASE_URL: { vendor: 'gotrue' },
    GOTRUE_JWT_SECRET: { platform: 'jwt-key' },
    ...(auth.smtp?.password !== undefined && { GOTRUE_SMTP_PASS: { config: auth.smtp.password } }),
    ...providerSecrets(auth),
  };
  const line = (name: string, value: string): string => `${name}='${value}'\n`;
  return {
    template: [
      ...Object.entries(plain).map(([name, value]) => line(name, value)),
      // The platform's URLs end in a query, which says how the certificate is checked.
      ...Object.keys(secrets).map((name) =>
        line(
          name,
          name === 'GOTRUE_DB_DATABASE_URL' ? `{{${name}}}&search_path=auth` : `{{${name}}}`,
        ),
      ),
    ].join(''),
    secrets,
  };
}

function mail({ smtp }: AuthSettings): Record<string, string> {
  if (!smtp) return {};
  return {
    GOTRUE_SMTP_HOST: smtp.host,
    GOTRUE_SMTP_PORT: String(smtp.port),
    GOTRUE_SMTP_ADMIN_EMAIL: smtp.sender,
    ...(smtp.user !== undefined && { GOTRUE_SMTP_USER: smtp.user }),
  };
}

function providers({ providers: given }: AuthSettings, callback: string): Record<string, string> {
  return Object.fromEntries(
    (Object.entries(given) as [ProviderName, { clientId: string }][]).flatMap(
      ([name, { clientId }]) => [
        [`${prefix(name)}_ENABLED`, 'true'],
        [`${prefix(name)}_CLIENT_ID`, clientId],
        [`${prefix(name)}_REDIRECT_URI`, callback],
      ],
    ),
  );
}

function providerSecrets({ providers: given }: AuthSettings): Record<string, SecretSource> {
  return Object.fromEntries(
    (Object.entries(given) as [ProviderName, { secret: string }][]).map(([name, { secret }]) => [
      `${prefix(name)}_SECRET`,
      { config: secret },
    ]),
  );
}

function prefix(name: ProviderName): string {
  return `GOTRUE_EXTERNAL_${called[name] ?? name.toUpperCase()}`;
}
