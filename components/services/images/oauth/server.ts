import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { readSecret, variable } from '../shared/environment';
import { log } from '../shared/log';
import { oauthServer } from './app';
import { readConfig, type ClientConfig } from './config';
import { OauthDatabase } from './directory';
import { doors } from './doors';
import { Failures } from './failures';
import { interactions } from './interaction';
import { cookieKey, signingKey } from './keys';
import { Metrics } from './metrics';
import { addPasswordGrant } from './password';
import { People } from './people';
import { makeProvider } from './provider';
import { Records } from './records';

const patienceMs = 2_000;

/** Shorter ones can be guessed; the counters of failures are no substitute for that. */
const shortestSecret = 32;

/**
 * The OAuth 2.0 and OpenID Connect server of the platform.
 *
 * Environment: PORT, HOST (127.0.0.1), OAUTH_CONFIG (path of oauth.json); files named by OAUTH_KEY_FILE (64 hex digits),
 * JWT_KEY_FILE, REDIS_URL_FILE, DATABASE_URL_FILE, and the variable that each client with a secret names.
 */
async function main(): Promise<void> {
  // What libraries say is a line of the log like any other.
  console.info = (text) => log('info', String(text));
  console.warn = (text) => log('warn', String(text));
  const config = readConfig(readFileSync(variable('OAUTH_CONFIG'), 'utf8'));
  const secret = readSecret('OAUTH_KEY');
  const rules = { key: createSecretKey(readSecret('JWT_KEY'), 'utf8'), ...config.tokens };
  const clients = new Map(config.clients.map((client) => [client.id, client]));
  const clientSecrets = secretsOf(config.clients);
  const key = await signingKey(secret);
  const metrics = new Metrics();

  const redis = new Redis(readSecret('REDIS_URL'), {
    // What cannot be asked now is refused now.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patienceMs,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
  redis.on('error', (error) => {
    log('warn', `redis: ${error.message}`);
  });
  const pool = new Pool({
    connectionString: readSecret('DATABASE_URL'),
    max: 4,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    application_name: 'oauth',
  });
  pool.on('error', (error) => {
    log('warn', `database: ${error.message}`);
  });

  const database = new OauthDatabase(pool);
  const records = new Records(redis, database, () => {
    metrics.revoked();
  });
  const failures = new Failures(redis);
  const provider = makeProvider({
    config,
    clients,
    clientSecrets,
    records,
    directory: database,
    signingKey: key,
    cookieKey: cookieKey(secret),
    secret,
  });
  const parts = [doors({ provider, clients, failures, metrics, rules })];
  if (config.sessions !== undefined) {
    const people = new People(config.sessions);
    const { origin } = new URL(config.issuer);
    addPasswordGrant(provider, { people, failures, metrics });
    parts.push(interactions({ provider, people, failures, metrics, records, clients, origin }));
  }
  const server = oauthServer({
    provider,
    issuer: config.issuer,
    metrics,
    people: config.sessions !== undefined,
    parts,
    check: () => redis.ping(),
  });
  server.listen({ port: Number(variable('PORT')), host: process.env.HOST ?? '127.0.0.1' });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => {
        redis.disconnect();
        void pool.end();
      });
      server.closeIdleConnections();
    });
  }
}

function secretsOf(clients: readonly ClientConfig[]): ReadonlyMap<string, string> {
  return new Map(
    clients.flatMap(({ id, secret }) => {
      if (secret === undefined) return [];
      const text = readSecret(secret);
      if (text.length >= shortestSecret && /^[\x21-\x7e]+$/.test(text)) return [[id, text]];
      throw new Error(
        `the secret of the OAuth client ${id} is shorter than ${shortestSecret} characters or has others than visible ` +
          'ASCII ones: make one with "openssl rand -hex 32"',
      );
    }),
  );
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
