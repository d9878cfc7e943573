import { expect, test } from 'vitest';
import { postgrest } from '../../components/services/postgrest';
import { settingsOf } from '../support/platform';

const given = postgrest(settingsOf({ target: 'docker', domain: 'example.org' }));

/**
 * Service `rest` of Supabase's docker/docker-compose.yml at 1f37f2a9 (read 2026-11-22): variable → its value there, and
 * why it is another here.
 */
const upstream: Readonly<Record<string, readonly [there: string | undefined, why: string]>> = {
  PGRST_DB_URI: ['a URL with the password', 'a file, which no description of a container shows'],
  PGRST_DB_SCHEMAS: ['public,storage,graphql_public', 'the tables of the application alone'],
  PGRST_DB_MAX_ROWS: ['1000', ''],
  PGRST_DB_EXTRA_SEARCH_PATH: ['public', 'extensions stand in a schema that is on no path'],
  PGRST_DB_ANON_ROLE: ['anon', 'nobody without a token'],
  PGRST_ADMIN_SERVER_HOST: ['localhost', 'Prometheus asks from outside'],
  PGRST_ADMIN_SERVER_PORT: ['3001', ''],
  PGRST_JWT_SECRET: ['a secret or keys', 'a file'],
  PGRST_DB_USE_LEGACY_GUCS: ['false', 'gone since PostgREST 12'],
  PGRST_APP_SETTINGS_JWT_EXP: ['3600', 'nothing of the database asks for it'],
};

test('differs from upstream where it says so, and nowhere else', () => {
  const { environment } = given;
  const differs = Object.entries(upstream).filter(([name, [there]]) => environment[name] !== there);
  expect(differs.map(([name]) => name)).toEqual(
    Object.entries(upstream).flatMap(([name, [, why]]) => (why === '' ? [] : [name])),
  );
});

test('is made as its doc says', () => {
  expect(given).toEqual({
    kind: 'workload',
    name: 'postgrest',
    image: 'docker.io/postgrest/postgrest:v14.18',
    environment: {
      PGRST_DB_URI: '@/run/strata/secrets/DATABASE_URL',
      PGRST_DB_SCHEMAS: 'app',
      PGRST_DB_EXTRA_SEARCH_PATH: '',
      PGRST_DB_CONFIG: 'false',
      PGRST_DB_PREPARED_STATEMENTS: 'false',
      PGRST_DB_CHANNEL_ENABLED: 'false',
      PGRST_DB_MAX_ROWS: '1000',
      PGRST_DB_PLAN_ENABLED: 'false',
      PGRST_DB_AGGREGATES_ENABLED: 'false',
      PGRST_JWT_SECRET: '@/run/strata/secrets/JWT_KEY',
      PGRST_JWT_AUD: 'strata',
      PGRST_JWT_ROLE_CLAIM_KEY: '.role',
      PGRST_OPENAPI_MODE: 'follow-privileges',
      PGRST_OPENAPI_SECURITY_ACTIVE: 'true',
      PGRST_OPENAPI_SERVER_PROXY_URI: 'https://example.org/rest',
      PGRST_SERVER_HOST: '0.0.0.0',
      PGRST_SERVER_PORT: '3000',
      PGRST_SERVER_TRACE_HEADER: 'X-Request-Id',
      PGRST_ADMIN_SERVER_HOST: '0.0.0.0',
      PGRST_ADMIN_SERVER_PORT: '3001',
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
    port: 3000,
    healthCommand: ['postgrest', '--ready'],
    metrics: { port: 3001, path: '/metrics' },
    readsSchema: true,
    routes: {
      rest: { path: '/rest/', access: 'token', upstreamPath: '/', sharedTablesOnly: true },
    },
    replicas: 1,
  });
});
