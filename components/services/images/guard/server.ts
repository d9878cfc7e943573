import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { readSecret, variable } from '../shared/environment';
import { writeLine } from '../shared/log';
import { PostgresListener } from '../shared/postgres-listener';
import { Seats } from '../shared/sockets/seats';
import { guardApp } from './app';
import { Authenticator } from './authenticate';
import { readConfig } from './config';
import { Forwarder } from './forward';
import { RateLimits } from './limits';
import { Metrics } from './metrics';
import { Registry } from './registry';
import { Revocations, revocationsChanged } from './revocations';
import { Sockets } from './sockets/sockets';
import { Usage } from './usage';

/** How long Redis or the database may take to answer one question before the request is refused. */
const patienceMs = 1_000;

/**
 * The guard: says of every request whether it is let through, and passes GraphQL on.
 *
 * Environment: PORT, HOST (127.0.0.1), GUARD_CONFIG (path of guard.json); files named by JWT_KEY_FILE, REDIS_URL_FILE,
 * DATABASE_URL_FILE (through the pooler) and DATABASE_DIRECT_URL_FILE (past it, to listen).
 */
async function main(): Promise<void> {
  const config = readConfig(readFileSync(variable('GUARD_CONFIG'), 'utf8'));
  const { issuer, audience } = config;
  // As an object it is prepared for signing once, and not for each token.
  const rules = { key: createSecretKey(readSecret('JWT_KEY'), 'utf8'), issuer, audience };
  const metrics = new Metrics();

  const redis = new Redis(readSecret('REDIS_URL'), {
    // A question that cannot be asked now is refused now.
    enableOfflineQueue: false,
    // INFO is not for the guard's user; while Redis reads its file, it refuses each question itself.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patienceMs,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
  redis.on('error', trouble('redis'));
  const pool = new Pool({
    connectionString: readSecret('DATABASE_URL'),
    max: 4,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    application_name: 'guard',
  });
  pool.on('error', trouble('database'));

  const registry = new Registry(pool);
  const revocations = new Revocations(pool);
  const limits = new RateLimits(redis, config.limits);
  const usage = new Usage(pool, (message) => {
    trouble('usage')(new Error(message));
  });
  const listener = new PostgresListener({
    url: readSecret('DATABASE_DIRECT_URL'),
    name: 'guard-listener',
    channel: 'strata_guard',
    onMessage: (message) => {
      const tenantId = message === revocationsChanged ? undefined : message;
      if (tenantId === undefined) revocations.changed();
      else registry.forget(tenantId);
      void sockets.review(tenantId);
    },
    onConnected: () => {
      registry.forget();
      revocations.heard();
      void sockets.review();
    },
    onLost: () => {
      revocations.lost();
    },
    onTrouble: (message) => {
      trouble('listener')(new Error(message));
    },
  });
  const forwarder = new Forwarder();
  const authenticator = new Authenticator({ rules, registry, revocations, limits });

  const parts = { config, authenticator, registry, limits, usage, metrics, log: writeLine };
  const sockets = new Sockets({ ...parts, seats: new Seats(redis, 'guard', config.sockets) });
  const app = guardApp({
    ...parts,
    forwarder,
    healthy: async () => {
      const answers = await Promise.allSettled([redis.ping(), pool.query('select 1')]);
      return answers.every(({ status }) => status === 'fulfilled');
    },
  });
  app.server.on('upgrade', sockets.upgrade.bind(sockets));
  listener.start();
  await app.listen({ port: Number(variable('PORT')), host: process.env.HOST ?? '127.0.0.1' });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

  /** What is being answered is answered; then what was counted is written. */
  async function stop(): Promise<void> {
    await sockets.close();
    await app.close();
    await listener.stop();
    await usage.stop();
    forwarder.close();
    redis.disconnect();
    await pool.end();
  }

  function trouble(what: Parameters<Metrics['trouble']>[0]): (error: Error) => void {
    return ({ message }) => {
      metrics.trouble(what);
      writeLine({ level: 'warn', what, message });
    };
  }
}

main().catch((error: unknown) => {
  writeLine({ level: 'error', message: (error as Error).message });
  process.exit(1);
});
