import type { Server } from '../../sql/support/server';

/** Of the server's own tables, those with names and texts of users. */
const catalogue = [
  'pg_namespace',
  'pg_class',
  'pg_type',
  'pg_constraint',
  'pg_policy',
  'pg_trigger',
  'pg_description',
  'pg_default_acl',
].map((name) => `pg_catalog.${name}`);

/**
 * Where a text stands in a cluster, as a superuser finds it: every column of every row of every table of every database,
 * and every name in the catalogue. Written apart from what it checks. Words have no quotes.
 */
export async function everywhere(server: Server, wanted: readonly string[]): Promise<string[]> {
  const pattern = wanted.join('|');
  const root = await server.connect('postgres', 'postgres');
  const found: string[] = [];
  const { rows: names } = await root.query<{ name: string }>(
    `select datname as name from pg_database where datname ~* $1
     union all select rolname from pg_roles where rolname ~* $1
     union all select description from pg_shdescription where description ~* $1
     union all select setconfig::text from pg_db_role_setting where setconfig::text ~* $1`,
    [pattern],
  );
  found.push(...names.map(({ name }) => `cluster: ${name}`));
  const { rows: databases } = await root.query<{ name: string }>(
    'select datname as name from pg_database where datallowconn',
  );
  await root.end();
  for (const { name } of databases) {
    const client = await server.connect('postgres', name);
    const { rows: tables } = await client.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind in ('r', 'm')
         and (relnamespace::regnamespace::text !~ '^(pg_|information_schema)' or oid = any ($1::regclass[]))`,
      [catalogue],
    );
    const asked = tables.map(
      ({ name: table }) =>
        `(select '${table}' as place, left(t::text, 300) as text from ${table} as t where t::text ~* '${pattern}' limit 3)`,
    );
    const { rows } = await client.query<{ place: string; text: string }>(asked.join(' union all '));
    found.push(...rows.map(({ place, text }) => `${name}: ${place}: ${text}`));
    await client.end();
  }
  return found;
}
