import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Pool } from 'pg';
import { readSecret, variable } from '../shared/environment';
import { log, writeLine } from '../shared/log';
import { sessionsApp } from './app';
import { readConfig } from './config';
import { assemble } from './assemble';

/** How long the database may take to answer one question before the request is refused. */
const patienceMs = 5_000;

/**
 * The sessions service: the door to the auth service, which makes the platform's tokens of the upstream's.
 *
 * Environment: PORT, HOST (127.0.0.1), SESSIONS_CONFIG (path of sessions.json); files named by JWT_KEY_FILE and
 * DATABASE_URL_FILE (past the pooler).
 */
async function main(): Promise<void> {
  const config = readConfig(readFileSync(variable('SESSIONS_CONFIG'), 'utf8'));
  const pool = new Pool({
    connectionString: readSecret('DATABASE_URL'),
    // As many as components/services/database/connections.ts counts.
    max: 2,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    application_name: 'sessions',
  });
  pool.on('error', ({ message }) => log('warn', `database connection ended: ${message}`));
  const parts = assemble({
    config,
    key: createSecretKey(readSecret('JWT_KEY'), 'utf8'),
    pool,
    trouble: (message) => log('warn', message, { what: 'database' }),
  });
  const app = sessionsApp({ ...parts, log: writeLine });
  await app.listen({ port: Number(variable('PORT')), host: process.env.HOST ?? '127.0.0.1' });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

  async function stop(): Promise<void> {
    await app.close();
    await parts.upstream.close();
    await pool.end();
  }
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exit(1);
});
