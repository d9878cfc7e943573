import type { Client } from 'pg';
import { appSchema, ownPlace } from '../../components/tenancy/places';
import { platformSchemas } from '../audit/names';

/** Their tables are no matter of the application's declaration: the platform's own, and Hasura's. */
const schemasOfOthers = [...platformSchemas, 'hdb_catalog'];

/**
 * Tables of the database that the declaration does not name, sorted: `declared` are the names that it has at this place
 * (those of its fences).
 *
 * In the shared place, whose schema is `app`, every schema is looked through that is neither the platform's nor one
 * tenant's; elsewhere the place's own. Parts of a table and tables of extensions belong to what they are part of. Views
 * have no rows of their own, and materialised views and foreign tables are matters of the audit. Reads the catalogue once.
 */
export async function unknownTables(
  client: Client,
  declared: readonly string[],
  schema: string = appSchema,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%s.%s', n.nspname, c.relname) as name
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition
       and case when $2 = '${appSchema}'
         then n.nspname !~ '^pg_' and n.nspname !~ '${ownPlace.source}' and n.nspname <> 'information_schema'
           and n.nspname <> all ($3)
         else n.nspname = $2 end
       and format('%s.%s', n.nspname, c.relname) <> all ($1)
       and not exists (
         select from pg_catalog.pg_depend d
         where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by 1`,
    [declared, schema, schemasOfOthers],
  );
  return rows.map(({ name }) => name);
}

/** What is to be done about a table that the declaration does not know. */
export function unknownTable(table: string): string {
  return (
    `${table} stands in the database but not in tenancy.ts: declare it in tables, ` +
    "or in shared when its rows are no tenant's ('nobody' leaves it to maintenance), or drop it in a migration"
  );
}
