import { describe, expect, test } from 'vitest';
import { gotrue, gotrueAddress } from '../../components/services/auth/gotrue';
import { hasuraAuth, hasuraAuthAddress } from '../../components/services/auth/hasura-auth';
import { sessions, sessionsConfig } from '../../components/services/auth/sessions';
import { readConfig } from '../../components/services/images/sessions/config';
import { pooledRoles } from '../../components/services/database/connections';
import type { Template, Workload } from '../../components/services/service';
import { auth } from '../../components/settings/auth';
import { settingsSchema } from '../../components/settings/schema';
import { fill } from '../../components/targets/files';

const given = {
  redirectUrls: ['https://app.example.org', 'http://localhost:3000/in'],
  providers: {
    google: { clientId: 'google-id', secret: 'googleSecret' },
    azuread: { clientId: 'a', secret: 'azure' },
  },
  smtp: {
    host: 'smtp.example.org',
    user: 'mailer',
    password: 'mailPassword',
    sender: 'no-reply@example.org',
  },
};

function settings(more: object = {}) {
  const gateway = { cors: { origins: ['https://app.example.org'] } };
  return {
    ...settingsSchema.parse({ domain: 'example.org', gateway }),
    auth: auth.parse({ ...given, ...more }),
  };
}

/** The variables of GoTrue's file, with a name for each secret. */
function variablesOf({ files }: Workload): Record<string, string> {
  const { template, secrets } = files['gotrue.env'] as Template;
  const names = Object.fromEntries(Object.keys(secrets).map((name) => [name, `<${name}>`]));
  return Object.fromEntries(
    fill(template, names)
      .trimEnd()
      .split('\n')
      .map((line) => /^(\w+)='([^']*)'$/.exec(line)?.slice(1) as [string, string]),
  );
}

describe('the settings of signing in', () => {
  test('are complete without a word', () => {
    expect(auth.parse({})).toEqual({
      signUp: 'open',
      refreshToken: 'cookie',
      accessTokenSeconds: 900,
      refreshTokenDays: 30,
      redirectUrls: [],
      passwordMinLength: 10,
      requireVerifiedEmail: true,
      mfa: false,
      providers: {},
    });
  });

  test.each<[string, object]>([
    ['an address for everybody', { redirectUrls: ['https://*.example.org'] }],
    ['an address without TLS', { redirectUrls: ['http://app.example.org'] }],
    ['a host that only begins like localhost', { redirectUrls: ['http://localhost.example.org'] }],
    ['two addresses in one', { redirectUrls: ['https://a.example.org,https://evil.example.com'] }],
    [
      'an address that ends the line',
      { redirectUrls: ["https://a.example.org/'\nGOTRUE_JWT_SECRET='x"] },
    ],
    ['a script', { redirectUrls: ['javascript:alert(1)'] }],
    ['a provider that nobody knows', { providers: { mallory: { clientId: 'x', secret: 'y' } } }],
    ['an id that ends the line', { providers: { google: { clientId: "x'\ny", secret: 'y' } } }],
    ['half a login at the mail server', { smtp: { ...given.smtp, password: undefined } }],
    ['a password that is short', { passwordMinLength: 7 }],
    ['a token for a day', { accessTokenSeconds: 86_400 }],
    ['a word that nobody knows', { signup: 'open' }],
  ])('refuse %s', (_what, wrong) => {
    expect(auth.safeParse(wrong).success).toBe(false);
  });

  test('do not show a secret that stands where its name belongs', () => {
    const { error } = auth.safeParse({
      providers: { google: { clientId: 'x', secret: 'GOCSPX-hidden!' } },
    });
    expect(error?.issues).toHaveLength(1);
    expect(JSON.stringify(error?.issues)).not.toContain('GOCSPX');
  });
});

describe('sessions', () => {
  test.each([hasuraAuthAddress, gotrueAddress])(
    'reads what the service is given: $kind',
    (behind) => {
      const workload = sessions(settings(), behind);
      const text = workload.files['sessions.json'];
      expect(readConfig(typeof text === 'string' ? text : '')).toEqual({
        upstream: { kind: behind.kind, url: `http://${behind.name}:${String(behind.port)}` },
        issuer: 'strata',
        audience: 'strata',
        accessTokenSeconds: 900,
        refreshTokenDays: 30,
        cookie: true,
        origins: ['https://example.org', 'https://app.example.org'],
        domain: 'example.org',
        addressesAreProven: true,
      });
      expect(workload.needs).toEqual(['database', behind.name]);
    },
  );

  test('believes no address where nobody has to show that it is his', () => {
    const config = sessionsConfig(
      settings({ requireVerifiedEmail: false, refreshToken: 'body' }),
      gotrueAddress,
    );
    expect([config.addressesAreProven, config.cookie]).toEqual([false, false]);
  });

  test('goes past the pooler, which has no pool for it', () => {
    const { DATABASE_URL } = sessions(settings(), gotrueAddress).secrets;
    expect(DATABASE_URL).toEqual({ database: 'strata_sessions', direct: true });
    expect(Object.values(pooledRoles)).not.toContain('strata_sessions');
  });

  test('is the only one that anybody reaches', () => {
    expect(sessions(settings(), gotrueAddress).routes).toEqual({
      auth: { path: '/auth/', access: 'public', strict: true, maxBody: '1M' },
    });
    expect([hasuraAuth(settings()).routes, gotrue(settings()).routes]).toEqual([{}, {}]);
  });
});

describe('Hasura Auth', () => {
  test('is told this', () => {
    const { environment, secretEnvironment = {} } = hasuraAuth(settings());
    expect(environment).toEqual({
      AUTH_PORT: '4000',
      AUTH_SERVER_URL: 'https://example.org/auth',
      AUTH_CLIENT_URL: 'https://app.example.org',
      AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: 'https://app.example.org,http://localhost:3000/in',
      AUTH_ACCESS_TOKEN_EXPIRES_IN: '900',
      AUTH_REFRESH_TOKEN_EXPIRES_IN: '2592000',
      AUTH_USER_DEFAULT_ROLE: 'user',
      AUTH_USER_DEFAULT_ALLOWED_ROLES: 'user,me',
      AUTH_DISABLE_SIGNUP: 'false',
      AUTH_DISABLE_AUTO_SIGNUP: 'false',
      AUTH_ANONYMOUS_USERS_ENABLED: 'false',
      AUTH_PASSWORD_MIN_LENGTH: '10',
      AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true',
      AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true',
      AUTH_MFA_ENABLED: 'false',
      AUTH_MFA_TOTP_ISSUER: 'example.org',
      AUTH_CONCEAL_ERRORS: 'true',
      AUTH_GRAVATAR_ENABLED: 'false',
      AUTH_RATE_LIMIT_ENABLE: 'false',
      HASURA_GRAPHQL_GRAPHQL_URL: 'http://hasura:8080/v1/graphql',
      AUTH_SMTP_HOST: 'smtp.example.org',
      AUTH_SMTP_PORT: '587',
      AUTH_SMTP_SECURE: 'false',
      AUTH_SMTP_SENDER: 'no-reply@example.org',
      AUTH_SMTP_AUTH_METHOD: 'PLAIN',
      AUTH_SMTP_USER: 'mailer',
      AUTH_PROVIDER_GOOGLE_ENABLED: 'true',
      AUTH_PROVIDER_GOOGLE_CLIENT_ID: 'google-id',
      AUTH_PROVIDER_AZUREAD_ENABLED: 'true',
      AUTH_PROVIDER_AZUREAD_CLIENT_ID: 'a',
    });
    const { HASURA_GRAPHQL_JWT_SECRET: jwt, ...plain } = secretEnvironment;
    expect(plain).toEqual({
      AUTH_ENCRYPTION_KEY: { platform: 'auth-encryption' },
      HASURA_GRAPHQL_ADMIN_SECRET: { platform: 'hasura-admin' },
      POSTGRES_CONNECTION: { vendor: 'hasura-auth' },
      AUTH_SMTP_PASS: { config: 'mailPassword' },
      AUTH_PROVIDER_GOOGLE_CLIENT_SECRET: { config: 'googleSecret' },
      AUTH_PROVIDER_AZUREAD_CLIENT_SECRET: { config: 'azure' },
    });
    expect(JSON.parse(fill((jwt as Template).template, { KEY: 'k' }))).toEqual({
      type: 'HS256',
      key: 'k',
      issuer: 'strata',
      claims_namespace: 'https://hasura.io/jwt/claims',
    });
  });

  test('makes no account by any way where nobody may sign up', () => {
    expect(hasuraAuth(settings({ signUp: 'closed' })).environment).toMatchObject({
      AUTH_DISABLE_SIGNUP: 'true',
      AUTH_DISABLE_AUTO_SIGNUP: 'true',
    });
  });
});

describe('GoTrue', () => {
  test('is told this, in a file', () => {
    const workload = gotrue(settings());
    expect(workload.environment).toEqual({});
    expect(workload).not.toHaveProperty('secretEnvironment');
    expect(workload.command).toEqual(['auth', '-c', '/run/strata/files/gotrue.env']);
    expect(variablesOf(workload)).toEqual({
      GOTRUE_API_HOST: '0.0.0.0',
      GOTRUE_API_PORT: '9999',
      API_EXTERNAL_URL: 'https://example.org/auth/v1',
      GOTRUE_SITE_URL: 'https://app.example.org',
      GOTRUE_URI_ALLOW_LIST: 'https://app.example.org,http://localhost:3000/in',
      GOTRUE_DB_DRIVER: 'postgres',
      DB_NAMESPACE: 'auth',
      GOTRUE_DB_MAX_POOL_SIZE: '8',
      GOTRUE_JWT_ISSUER: 'strata',
      GOTRUE_JWT_AUD: 'strata',
      GOTRUE_JWT_EXP: '900',
      GOTRUE_SESSIONS_TIMEBOX: '720h',
      GOTRUE_SESSIONS_INACTIVITY_TIMEOUT: '720h',
      GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED: 'true',
      GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10',
      GOTRUE_RATE_LIMIT_HEADER: 'X-Real-IP',
      GOTRUE_DISABLE_SIGNUP: 'false',
      GOTRUE_EXTERNAL_EMAIL_ENABLED: 'true',
      GOTRUE_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED: 'true',
      GOTRUE_EXTERNAL_PHONE_ENABLED: 'false',
      GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'false',
      GOTRUE_MAILER_AUTOCONFIRM: 'false',
      GOTRUE_PASSWORD_MIN_LENGTH: '10',
      GOTRUE_MFA_TOTP_ENROLL_ENABLED: 'false',
      GOTRUE_MFA_TOTP_VERIFY_ENABLED: 'false',
      GOTRUE_METRICS_ENABLED: 'true',
      GOTRUE_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0',
      OTEL_EXPORTER_PROMETHEUS_PORT: '9100',
      GOTRUE_SMTP_HOST: 'smtp.example.org',
      GOTRUE_SMTP_PORT: '587',
      GOTRUE_SMTP_ADMIN_EMAIL: 'no-reply@example.org',
      GOTRUE_SMTP_USER: 'mailer',
      GOTRUE_SMTP_PASS: '<GOTRUE_SMTP_PASS>',
      GOTRUE_EXTERNAL_GOOGLE_ENABLED: 'true',
      GOTRUE_EXTERNAL_GOOGLE_CLIENT_ID: 'google-id',
      GOTRUE_EXTERNAL_GOOGLE_REDIRECT_URI: 'https://example.org/auth/v1/callback',
      GOTRUE_EXTERNAL_GOOGLE_SECRET: '<GOTRUE_EXTERNAL_GOOGLE_SECRET>',
      GOTRUE_EXTERNAL_AZURE_ENABLED: 'true',
      GOTRUE_EXTERNAL_AZURE_CLIENT_ID: 'a',
      GOTRUE_EXTERNAL_AZURE_REDIRECT_URI: 'https://example.org/auth/v1/callback',
      GOTRUE_EXTERNAL_AZURE_SECRET: '<GOTRUE_EXTERNAL_AZURE_SECRET>',
      GOTRUE_DB_DATABASE_URL: '<GOTRUE_DB_DATABASE_URL>&search_path=auth',
      GOTRUE_JWT_SECRET: '<GOTRUE_JWT_SECRET>',
    });
  });

  test('that asks nobody to show his address is not believed about it', () => {
    const open = settings({ requireVerifiedEmail: false });
    expect(variablesOf(gotrue(open)).GOTRUE_MAILER_AUTOCONFIRM).toBe('true');
    expect(sessionsConfig(open, gotrueAddress).addressesAreProven).toBe(false);
  });
});
