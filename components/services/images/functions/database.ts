import { Pool, type PoolClient, type QueryConfig } from 'pg';
import type { Database, Role } from './api';

/** Whom a run acts for. */
export interface Identity {
  /** UUID. */
  readonly tenantId: string;
  /** UUID; undefined where the tenant itself acts. */
  readonly userId: string | undefined;
  readonly role: Role;
}

/** A tenant's transaction, begun by its first query. */
export interface Transaction {
  readonly db: Database;
  /** Keeps what was done. Throws when Postgres does not, and then nothing is kept. */
  readonly commit: () => Promise<void>;
  /** Nothing is kept. A query that still runs is ended with its connection. */
  readonly abandon: () => void;
}

/** Connections as `login`, replaced when Postgres ends them. */
export function connections(connectionString: string, max: number, name: string): Pool {
  const pool = new Pool({
    connectionString,
    max,
    application_name: name,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that Postgres ends (a restart, say) is replaced when it is needed.
  pool.on('error', () => undefined);
  // One that ends while a run has it fails that run's next query; unheard, it would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

/**
 * A transaction of `strata_app` that acts for `identity`; no query takes longer than `seconds`. The settings end with
 * the transaction, so nothing is left on the pooler's connection.
 */
export function transaction(pool: Pool, identity: Identity, seconds: number): Transaction {
  let begun: Promise<PoolClient> | undefined;
  let over = false;
  let running = 0;

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (over) throw new Error('this run has ended, and its transaction with it');
    running += 1;
    try {
      begun ??= begin(pool, identity, seconds);
      const client = await begun;
      const { rows } = await client.query(extended(text, values));
      return rows as Row[];
    } finally {
      running -= 1;
    }
  }

  async function commit(): Promise<void> {
    if (over) return;
    over = true;
    if (!begun) return;
    const client = await begun;
    try {
      const { command } = await client.query('commit');
      if (command !== 'COMMIT') {
        throw new Error('a query of this run failed, so Postgres kept nothing of its transaction');
      }
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  function abandon(): void {
    if (over) return;
    over = true;
    // Not waited for: a query may hang. Where one runs, only the end of the connection ends it.
    const busy = running > 0;
    void begun?.then(
      (client) => {
        if (busy) client.release(true);
        else void giveBack(client);
      },
      () => undefined,
    );
  }

  return { db: { query }, commit, abandon };
}

async function begin(
  pool: Pool,
  { tenantId, userId, role }: Identity,
  seconds: number,
): Promise<PoolClient> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const limit = `${String(seconds)}s`;
    await client.query(
      `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.role', $3, true),
         set_config('statement_timeout', $4, true), set_config('idle_in_transaction_session_timeout', $4, true)`,
      [tenantId, userId ?? '', role, limit],
    );
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/**
 * The extended protocol takes one statement only: text that was smuggled into one cannot end the transaction and begin
 * another tenant's.
 */
function extended(text: string, values: readonly unknown[]): QueryConfig {
  const config = { text, values: [...values], queryMode: 'extended' };
  return config;
}

async function giveBack(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}
