import type { PoolClient, QueryConfig } from 'pg';
import type { Place } from '../../../tenancy/places';
import type { Places, TenantDatabase } from '../shared/tenant-database/places';
import { databaseClaims } from '../shared/token';
import type { Database, Role } from './api';

/** Whom a run acts for. */
export interface Identity {
  /** UUID. */
  readonly tenantId: string;
  /** UUID; undefined where the tenant itself acts. */
  readonly userId: string | undefined;
  readonly role: Role;
  /** What an API key opens; undefined for everybody else. */
  readonly scopes?: readonly string[] | undefined;
}

/** A tenant's transaction, begun by its first query. */
export interface Transaction {
  readonly db: Database;
  /** Keeps what was done. Throws when Postgres does not, and then nothing is kept. */
  readonly commit: () => Promise<void>;
  /** Nothing is kept. A query that still runs is ended with its connection. */
  readonly abandon: () => void;
}

/**
 * A transaction that acts for `identity` where its rows are; no query takes longer than `seconds`. Names without a schema
 * are the tenant's tables. The settings end with the transaction, so nothing is left on the pooler's connection.
 */
export function transaction(places: Places, identity: Identity, seconds: number): Transaction {
  let begun: Promise<PoolClient> | undefined;
  let database: TenantDatabase | undefined;
  let over = false;
  let running = 0;

  async function connect(): Promise<PoolClient> {
    database = await places.of(identity.tenantId);
    return begin(database, identity, seconds);
  }

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (over) throw new Error('this run has ended, and its transaction with it');
    running += 1;
    try {
      begun ??= connect();
      const client = await begun;
      const { rows } = await client.query(extended(text, values));
      return rows as Row[];
    } catch (error) {
      database?.noticed(error);
      throw error;
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
  { pool, place, settings }: TenantDatabase,
  identity: Identity,
  seconds: number,
): Promise<PoolClient> {
  const client = await pool.connect();
  try {
    const { role, ...others } = settings;
    const all = {
      // strata_app is a tenant that shares the tables; it may do more (signing tenants up), so it stays what it is.
      ...(place.model !== 'shared' && { role }),
      ...others,
      ...claims(place, identity),
      idle_in_transaction_session_timeout: `${String(seconds)}s`,
    };
    await client.query('begin');
    await client.query(
      'select set_config(one ->> 0, one ->> 1, true) from json_array_elements($1) one',
      [JSON.stringify(Object.entries(all))],
    );
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Whom the session acts for, where its login looks for it: `strata_app`, or the tenant's login to its own database. */
function claims({ model }: Place, identity: Identity): Record<string, string> {
  const { tenantId, userId, role, scopes } = identity;
  return model === 'database'
    ? { 'request.jwt.claims': databaseClaims({ ...identity, role: `tenant_${role}` }) }
    : {
        'app.tenant_id': tenantId,
        'app.user_id': userId ?? '',
        'app.role': role,
        'app.scopes': scopes?.join(' ') ?? '',
      };
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
