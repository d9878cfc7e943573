import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError, type ClientConfig } from 'pg';
import type { PooledDatabase } from '../../database/pooler-tenants';

/** The pooler read its files and does not serve what they say. */
export class RefusedError extends Error {}

interface Shown {
  readonly name: string;
  readonly host: string | null;
  readonly port: number;
  readonly database: string;
  readonly pool_size: number;
}

interface Resolved {
  readonly hostname: string;
  readonly addrs: string | null;
}

const patienceMs = 3000;

/** Names that only the registry gives. */
const registered = /^(?:t_[0-9a-f]{32}|strata_.+)$/;

/**
 * Makes the pooler read its files, and looks whether it serves `databases` then, where they are given: 1.18 answers
 * RELOAD also when it found its files wrong and kept what it had. Sessions go on. Throws `RefusedError`, or the error of a connection that failed.
 */
export function reload(config: ClientConfig, databases?: readonly PooledDatabase[]): Promise<void> {
  return atConsole(config, async (client) => {
    await client.query('RELOAD').catch((error: unknown) => {
      throw error instanceof DatabaseError ? new RefusedError(error.message) : error;
    });
    const deadline = performance.now() + patienceMs;
    while (databases) {
      const { rows } = await client.query<Shown>('SHOW DATABASES');
      const wrong = difference(rows, databases);
      if (wrong === undefined) return;
      if (performance.now() > deadline) throw new RefusedError(wrong);
      await sleep(100);
    }
  });
}

/** Where the pooler looks for a host: none when it has not looked yet, or looks for an address. */
export function addressesOf(config: ClientConfig, host: string): Promise<readonly string[]> {
  return atConsole(config, async (client) => {
    const { rows } = await client.query<Resolved>('SHOW DNS_HOSTS');
    const found = rows.find(({ hostname }) => hostname === host)?.addrs ?? '';
    // With a port behind each: 172.20.0.2:0.
    return found.split(',').flatMap((address) => address.trim().replace(/:\d+$/, '') || []);
  });
}

/** Ends the pooler, with the sessions that it has: what started it starts it anew. */
export function end(config: ClientConfig): Promise<void> {
  return atConsole(config, async (client) => {
    // It answers by ending the connection.
    await client.query('SHUTDOWN').catch(() => undefined);
  });
}

async function atConsole<T>(
  config: ClientConfig,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    ...config,
    database: 'pgbouncer',
    application_name: 'pooler-registry',
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the pooler serves otherwise than it should; `undefined` when nothing. */
function difference(
  shown: readonly Shown[],
  databases: readonly PooledDatabase[],
): string | undefined {
  const served = new Map(shown.map((row) => [row.name, row]));
  const wrong = databases.find(({ name, host, port, dbname, size }) => {
    const row = served.get(name);
    return (
      row?.host !== host ||
      row.port !== port ||
      row.database !== dbname ||
      (size !== undefined && row.pool_size !== size)
    );
  });
  if (wrong) return `it does not serve ${wrong.name} as written`;
  const wanted = new Set(databases.map(({ name }) => name));
  const left = shown.find(({ name }) => registered.test(name) && !wanted.has(name));
  return left && `it still serves ${left.name}`;
}
