import type { Database } from './database';

export interface ListedSchema {
  readonly name: string;
  readonly owner: string;
  readonly about: string | null;
  readonly tables: number;
  readonly total: number;
}

export interface ListedTable {
  readonly name: string;
  readonly kind: 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table';
  readonly about: string | null;
  /** As the last VACUUM or ANALYZE left it; null before the first. */
  readonly rows: number | null;
  /** With its indexes and long values, as of then. */
  readonly bytes: number;
  readonly fence: 'forced' | 'on' | 'off' | null;
  readonly policies: number;
  readonly total: number;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: string | null;
  readonly about: string | null;
}

export interface Policy {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

export interface Grant {
  readonly role: string;
  readonly privileges: readonly string[];
  /** Of single columns, where it is not the table. */
  readonly columns: readonly string[] | null;
}

export interface Table {
  readonly listed: ListedTable;
  readonly columns: readonly Column[];
  readonly policies: readonly Policy[];
  readonly grants: readonly Grant[];
  readonly indexes: readonly string[];
}

const schemas = `
  select n.nspname as name, pg_get_userbyid(n.nspowner) as owner, obj_description(n.oid, 'pg_namespace') as about,
    (select count(*) from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not c.relispartition) as tables,
    count(*) over () as total
  from pg_namespace n
  where n.nspname !~ '^(pg_|information_schema$)' and strpos(lower(n.nspname), lower($1)) > 0
  order by n.nspname limit 50 offset 50 * $2::bigint`;

/** Sizes by pages of the catalogue: functions that measure tables are not for every login. */
const listed = `
  select c.oid, c.relname as name,
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
      when 'm' then 'materialized view' else 'foreign table' end as kind,
    obj_description(c.oid, 'pg_class') as about,
    case when c.relkind in ('r', 'm', 'p') then nullif(c.reltuples::bigint, -1) end as rows,
    current_setting('block_size')::bigint * (
      c.relpages
      + coalesce((select sum(i.relpages) from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid), 0)
      + coalesce((select sum(t.relpages + i.relpages) from pg_class t join pg_index x on x.indrelid = t.oid
          join pg_class i on i.oid = x.indexrelid where t.oid = c.reltoastrelid), 0))::bigint as bytes,
    case when c.relkind in ('r', 'p') then
      case when c.relforcerowsecurity and c.relrowsecurity then 'forced' when c.relrowsecurity then 'on' else 'off' end
    end as fence,
    (select count(*) from pg_policy p where p.polrelid = c.oid) as policies,
    count(*) over () as total
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$)' and n.nspname = $1`;

const columns = `
  select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as default, col_description(a.attrelid, a.attnum) as about
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const policies = `
  select p.polname as name, p.polpermissive as permissive,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
      as command,
    array(select case r when 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) as r order by 1) as roles,
    pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
  from pg_policy p where p.polrelid = $1 order by p.polpermissive desc, p.polname`;

const grants = `
  with held as (
    select acl.grantee, acl.privilege_type, null as attname from pg_class c, aclexplode(c.relacl) acl where c.oid = $1
    union all
    select acl.grantee, acl.privilege_type, a.attname from pg_attribute a, aclexplode(a.attacl) acl
    where a.attrelid = $1 and not a.attisdropped
  ), whole as (
    select grantee, attname, array_agg(lower(privilege_type) order by privilege_type) as privileges from held
    group by grantee, attname
  )
  select case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end as role, privileges,
    nullif(array_remove(array_agg(attname::text order by attname), null), '{}') as columns
  from whole group by grantee, privileges, attname is null order by 1, 2`;

const indexes = `select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = $1 order by indexrelid::regclass::text`;

/** The catalogue of the database strata on the shard main, as every login may read it: shapes, never rows. */
export class Catalogue {
  constructor(private readonly database: Database) {}

  schemas(search: string, page: number): Promise<ListedSchema[]> {
    return this.database.rows(schemas, [search, page - 1]);
  }

  tables(schema: string, page: number): Promise<ListedTable[]> {
    return this.database.rows(
      `${listed} and not c.relispartition order by c.relname limit 50 offset 50 * $2::bigint`,
      [schema, page - 1],
    );
  }

  /** Undefined when there is none. */
  async table(schema: string, name: string): Promise<Table | undefined> {
    const [found] = await this.database.rows<ListedTable & { oid: number }>(
      `${listed} and c.relname = $2`,
      [schema, name],
    );
    if (found === undefined) return undefined;
    const of = [found.oid];
    return {
      listed: found,
      columns: await this.database.rows<Column & object>(columns, of),
      policies: await this.database.rows<Policy & object>(policies, of),
      grants: await this.database.rows<Grant & object>(grants, of),
      indexes: (await this.database.rows<{ definition: string }>(indexes, of)).map(
        ({ definition }) => definition,
      ),
    };
  }
}
