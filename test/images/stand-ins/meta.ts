import { readFileSync } from 'node:fs';
import { demand, serve, withClient } from './shared/program';

/**
 * A stand-in for supabase/postgres-meta as a container: its variables with `*_FILE`, port, `/health`, `/tables`, and
 * `/query`, which runs whatever it is asked to.
 */
const variable = (name: string): string => demand(`PG_META_${name}`);
// Without it upstream's falls back to a key that everybody knows.
readFileSync(demand('CRYPTO_KEY_FILE'));

const database = {
  host: variable('DB_HOST'),
  port: Number(variable('DB_PORT')),
  database: variable('DB_NAME'),
  user: variable('DB_USER'),
  // Nothing is cut off.
  password: readFileSync(variable('DB_PASSWORD_FILE'), 'utf8'),
  ...(variable('DB_SSL_MODE') === 'require' && { ssl: { rejectUnauthorized: false } }),
};

const tables = `select schemaname as schema, tablename as name from pg_tables
  where schemaname not in ('pg_catalog', 'information_schema')`;

serve(Number(variable('PORT')), async ({ method, url, body }) => {
  if (url.pathname === '/health') return [200, { date: new Date() }];
  const asked = method === 'POST' && url.pathname === '/query';
  if (!asked && url.pathname !== '/tables') return [404, { error: 'not found' }];
  const text = asked ? (JSON.parse(body.toString()) as { query: string }).query : tables;
  try {
    return [
      200,
      await withClient(database, async (client) => (await client.query<object>(text)).rows),
    ];
  } catch (error) {
    return [400, { error: String(error) }];
  }
});
