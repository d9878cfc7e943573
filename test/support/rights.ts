import type { Client } from 'pg';

/** What the catalogue says that a login may, besides what everybody may: all of it. */
export interface Rights {
  readonly functions: readonly string[] | null;
  readonly tables: readonly string[] | null;
  readonly creates: readonly string[] | null;
  readonly becomes: readonly string[] | null;
  /** superuser, createrole, createdb, replication, bypassrls, inherit, connection limit */
  readonly attributes: string;
}

/** The rights of a login in the database of `admin`; the schema `oracle` is the tests' own. */
export async function rightsOf(admin: Client, login: string): Promise<Rights> {
  const { rows } = await admin.query<Rights>(
    `with own as (select n.oid, n.nspname from pg_namespace n where n.nspname !~ '^(pg_|information_schema$|oracle$)')
     select
       (select array_agg(format('%s.%s', own.nspname, p.proname) order by own.nspname, p.proname)
        from pg_proc p join own on own.oid = p.pronamespace
        where has_schema_privilege($1, own.oid, 'usage')
          and has_function_privilege($1, p.oid, 'execute')) as functions,
       (select array_agg(c.oid::regclass::text) from pg_class c join own on own.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege($1, c.oid,
          'select, insert, update, references')) as tables,
       (select array_agg(own.nspname) from own
        where has_schema_privilege($1, own.oid, 'create')) as creates,
       (select array_agg(roleid::regrole::text) from pg_auth_members
        where member = $1::regrole) as becomes,
       (select row(rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit, rolconnlimit)::text
        from pg_roles where rolname = $1) as attributes`,
    [login],
  );
  const [rights] = rows;
  if (!rights) throw new Error(`there is no login ${login}`);
  return rights;
}
