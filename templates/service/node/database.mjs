import { readFileSync } from 'node:fs';
import process from 'node:process';

const file = process.env.DATABASE_URL_FILE;

let pool;

async function connect() {
  if (pool !== undefined) return pool;
  const { default: pg } = await import('pg');
  pool ??= new pg.Pool({ connectionString: readFileSync(file, 'utf8').trim(), max: 5 });
  // A connection that ends while nobody uses it is replaced by the next query.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * Runs `work` in one transaction that acts for the caller; returns the rows of its query.
 *
 * The three settings are local to the transaction: the pooler gives the connection to somebody else afterwards.
 */
export async function forCaller({ tenant, user, role }, work) {
  if (file === undefined) return [];
  const client = await (await connect()).connect();
  try {
    await client.query('begin');
    await client.query(
      `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
              set_config('app.role', $3, true)`,
      [tenant, user, role],
    );
    const { rows } = await work(client);
    await client.query('commit');
    client.release();
    return rows;
  } catch (error) {
    // Closed, not given back: what the transaction left behind goes with it.
    client.release(true);
    throw error;
  }
}

/** True when the service can do its work: the database answers, or none is used. */
export async function databaseAnswers() {
  if (file === undefined) return true;
  try {
    await (await connect()).query('select 1');
    return true;
  } catch {
    return false;
  }
}

export async function closeDatabase() {
  await pool?.end();
}
