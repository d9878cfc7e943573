import type { Client } from 'pg';

/**
 * Drops the indexes of a schema that nobody ever uses: `create index concurrently if not exists` that failed leaves one,
 * and takes it for done the next time. `client` is the migrator, outside of a transaction.
 */
export async function dropUnfinishedIndexes(client: Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind = 'i' and not i.indisvalid`,
    [schema],
  );
  if (rows.length === 0) return;
  await client.query('set role strata_owner');
  try {
    for (const { name } of rows) await client.query(`drop index concurrently if exists ${name}`);
  } finally {
    await client.query('reset role');
  }
}
