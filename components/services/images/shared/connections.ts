import { Pool } from 'pg';

/** Connections of a program that Postgres shows as `name`, replaced when Postgres ends them. */
export function connections(connectionString: string, max: number, name: string): Pool {
  const pool = new Pool({
    connectionString,
    max,
    application_name: name,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that Postgres ends (a restart, say) is replaced when it is needed.
  pool.on('error', () => undefined);
  // One that ends while somebody has it fails the next query; unheard, it would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}
