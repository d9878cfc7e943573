import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { readSecret, variable, wholeNumber } from '../shared/environment';
import { log } from '../shared/log';
import { PoolerRegistry } from './loop';

const pollMs = 30_000;

/**
 * Keeps the pooler's databases and logins as the registry of tenants says. Healthy while it reads the registry; what the
 * pooler needs to start lies in the folder before that.
 *
 * Environment: PORT, HOST (127.0.0.1), POOLER_FOLDER, POOLER_HOST, POOLER_PORT, CONSOLE_USER, TENANT_CONNECTIONS,
 * TENANT_CAPACITY, USERS (a file: the platform's own lines of the pooler's auth_file); files named by DATABASE_URL_FILE
 * (strata_pooler, direct: the pooler reaches the shard main there too), CONSOLE_PASSWORD_FILE, TENANT_LOGINS_FILE and
 * AUTHORITY_FILE.
 */
async function main(): Promise<void> {
  const databaseUrl = readSecret('DATABASE_URL');
  const registry = new PoolerRegistry({
    databaseUrl,
    console: {
      host: variable('POOLER_HOST'),
      port: wholeNumber('POOLER_PORT'),
      user: variable('CONSOLE_USER'),
      password: readSecret('CONSOLE_PASSWORD'),
      ssl: { ca: readSecret('AUTHORITY'), servername: variable('POOLER_HOST') },
    },
    folder: variable('POOLER_FOLDER'),
    users: readFileSync(variable('USERS'), 'utf8'),
    master: readSecret('TENANT_LOGINS'),
    limits: {
      main: addressIn(databaseUrl),
      connections: wholeNumber('TENANT_CONNECTIONS'),
      // None of them is planned for, and yet there may be some.
      capacity: wholeNumber('TENANT_CAPACITY', 0),
    },
    pollMs,
  });
  await registry.start();
  const server = createServer((request, response) => {
    if (request.url !== '/healthz') {
      response.writeHead(404).end('not found\n');
      return;
    }
    const problem = registry.problem();
    response.writeHead(problem === undefined ? 200 : 503).end(`${problem ?? 'ok'}\n`);
  });
  server.listen(wholeNumber('PORT'), process.env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close();
      server.closeIdleConnections();
      void registry.stop();
    });
  }
}

function addressIn(databaseUrl: string): { host: string; port: number } {
  const { hostname, port } = new URL(databaseUrl);
  return { host: hostname, port: Number(port) };
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
