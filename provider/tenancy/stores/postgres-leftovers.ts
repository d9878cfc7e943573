import type { Client } from 'pg';
import { inTransaction, withClient } from '../../database/connect';
import { databaseAt, type Clusters } from '../clusters';

/**
 * What of a tenant is left in any database of any cluster, a line each: its name in the catalogue, and rows.
 *
 * Looked through is every table that maintenance or the migrator may read, in every schema, by all columns that they may
 * read, of whatever type. A row that says by `tenant_id` that it is another tenant's is that tenant's own, whatever
 * it holds. Not readable are the audit log, which `audit.forget()` empties and counts, and figures of storage, which go
 * with the tenant's row by their foreign keys. Costs a scan of every table without `tenant_id`, in every database.
 */
export async function postgresLeftovers(clusters: Clusters, tenantId: string): Promise<string[]> {
  const left: string[] = [];
  for (const [shard, url] of clusters) {
    const { names, databases } = await withClient(url, (client) => clusterNames(client, tenantId));
    left.push(...names.map((name) => `${shard}: ${name}`));
    for (const database of databases) {
      const found = await withClient(databaseAt(url, database), (client) =>
        inDatabase(client, tenantId),
      );
      left.push(...found.map((what) => `${shard}: database ${database}: ${what}`));
    }
  }
  return left;
}

async function clusterNames(
  client: Client,
  tenantId: string,
): Promise<{ names: string[]; databases: string[] }> {
  const { rows } = await client.query<{ kind: string; name: string; reachable: boolean }>(
    `select 'role' as kind, rolname as name, false as reachable from pg_roles
     union all select 'database', datname, datallowconn and has_database_privilege(oid, 'connect') from pg_database`,
  );
  return {
    names: rows
      .filter(({ name }) => name.includes(hex(tenantId)))
      .map(({ kind, name }) => `${kind} ${name}`),
    databases: rows.filter(({ reachable }) => reachable).map(({ name }) => name),
  };
}

async function inDatabase(client: Client, tenantId: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('schema %s', nspname) as name from pg_namespace where strpos(nspname, $1) > 0
     union all select format('relation %s', oid::regclass) from pg_class where strpos(relname, $1) > 0`,
    [hex(tenantId)],
  );
  const left = rows.map(({ name }) => name);
  for (const role of ['strata_maintenance', undefined]) {
    left.push(...(await inTransaction(client, role, () => inTables(client, tenantId))));
  }
  return [...new Set(left)];
}

async function inTables(client: Client, tenantId: string): Promise<string[]> {
  const tables = await readableTables(client);
  const left: string[] = [];
  for (const { name, columns, hasTenant } of tables) {
    const text = `concat_ws(' ', ${columns.map((column) => `${column}::text`).join(', ')}) ~* $2`;
    const named = hasTenant ? `tenant_id = $1 or (tenant_id is null and ${text})` : text;
    // Postgres refuses a parameter that no condition names.
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from ${name} where $1::uuid is not null and $2 <> '' and (${whose[name] ?? named})`,
      [tenantId, pattern(tenantId)],
    );
    const count = rows[0]?.count ?? 0;
    if (count > 0) left.push(`${name} has ${count} rows`);
  }
  return left;
}

/** Where strangers write what they like, such as the name of a sign-up: only a column says whose a row is. */
const whose: Readonly<Record<string, string>> = {
  'registry.tenants': 'id = $1',
  'registry.tenant_jobs': 'tenant_id = $1',
};

/** Names ready to be written into SQL. */
async function readableTables(
  client: Client,
): Promise<{ name: string; columns: string[]; hasTenant: boolean }[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; hasTenant: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name, array_agg(quote_ident(a.attname)) as columns,
       bool_or(a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype) as "hasTenant"
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ('r', 'p', 'm') and not c.relispartition
       and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and has_schema_privilege(n.oid, 'usage') and has_column_privilege(c.oid, a.attnum, 'select')
     group by 1 order by 1`,
  );
  return rows;
}

/** With hyphens or without: both are written, in names of schemas for one. */
function pattern(tenantId: string): string {
  return tenantId.replaceAll('-', '-?');
}

function hex(tenantId: string): string {
  return tenantId.replaceAll('-', '');
}
