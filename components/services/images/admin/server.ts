import { readFileSync } from 'node:fs';
import { readSecret, variable, wholeNumber } from '../shared/environment';
import { log, writeLine } from '../shared/log';
import { adminApp } from './app';
import { Catalogue } from './catalogue';
import { readConfig } from './config';
import { openDatabase, type Database } from './database';
import { askHealth, type Health } from './health';
import { Registry } from './registry';

/**
 * The admin page: what is deployed and how it is, tenants, users, the catalogue and the audit log, to look at.
 *
 * Environment: PORT, HOST (127.0.0.1), ADMIN_CONFIG (path of admin.json); files named by DATABASE_URL_FILE
 * (strata_admin_page, past the pooler) and OPERATOR_FILE (the operators' password).
 */
async function main(): Promise<void> {
  const database = openDatabase(readSecret('DATABASE_URL'), (message) => {
    log('warn', message);
  });
  const app = adminApp({
    config: readConfig(readFileSync(variable('ADMIN_CONFIG'), 'utf8')),
    password: readSecret('OPERATOR'),
    registry: new Registry(database),
    catalogue: new Catalogue(database),
    health: askHealth,
    databaseHealth: () => healthOf(database),
    log: writeLine,
  });
  await app.listen({ port: wholeNumber('PORT'), host: process.env.HOST ?? '127.0.0.1' });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void app.close().then(() => database.end()));
  }
}

async function healthOf(database: Database): Promise<Health> {
  const started = performance.now();
  const [state, said] = await database.rows('select 1').then(
    () => ['healthy', 'answers questions'] as const,
    () => ['unhealthy', 'does not answer'] as const,
  );
  return { state, said, milliseconds: Math.round(performance.now() - started) };
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
