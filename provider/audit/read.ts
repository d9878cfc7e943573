import type { Client } from 'pg';
import type { Catalogue } from './catalogue';
import { isTenantSchema } from './names';
import { grantsIn, ofExtension, ownSchemas, relationsQuery, routinesQuery } from './read-relations';

const role = (oid: string): string => `quote_ident(pg_get_userbyid(${oid}))`;

const queries = {
  relations: relationsQuery,
  routines: routinesQuery,

  volatile: `select distinct p.proname::text as value from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.provolatile = 'v' order by 1`,

  schemas: `select n.nspname as name, ${role('n.nspowner')} as owner,
      ${grantsIn(`coalesce(n.nspacl, acldefault('n', n.nspowner))`, 'n.nspowner')} as grants
    from pg_namespace n where ${ownSchemas} order by 1`,

  databases: `select d.datname as name, ${role('d.datdba')} as owner,
      ${grantsIn(`coalesce(d.datacl, acldefault('d', d.datdba))`, 'd.datdba')} as grants
    from pg_database d where d.datallowconn order by 1`,

  roles: `select quote_ident(rolname) as name, rolsuper as superuser, rolbypassrls as "bypassRls", rolcreaterole as "createRole",
      rolcreatedb as "createDb", rolreplication as replication, rolcanlogin as login
    from pg_roles order by 1`,

  // From Postgres 16 on it is the membership that inherits or not; before, the member does.
  memberships: `select ${role('m.member')} as member, ${role('m.roleid')} as role,
      bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)) as inherits, bool_or(m.admin_option) as admin
    from pg_auth_members m join pg_roles r on r.oid = m.member group by m.member, m.roleid order by 1, 2`,

  settings: `select case s.setrole when 0 then null else ${role('s.setrole')} end as role, d.datname as database,
      split_part(setting, '=', 1) as name
    from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) as setting
    where s.setdatabase = 0 or d.datname = current_database() order by 1, 2, 3`,

  ownerships: `select ${role('s.refobjid')} as role, o.type || ' ' || o.identity as object
    from pg_shdepend s join pg_roles r on r.oid = s.refobjid
    cross join lateral pg_identify_object(s.classid, s.objid, s.objsubid) as o
    where s.deptype = 'o' and s.refclassid = 'pg_authid'::regclass and r.rolname ~ '^strata_'
      and r.rolname not in ('strata_owner', 'strata_migrator') and not (r.rolname = 'strata_hasura' and o.identity ~ '^"?hdb_')
      and s.dbid in (0, (select oid from pg_database where datname = current_database()))
    order by 1, 2`,

  defaults: `select ${role('a.defaclrole')} as owner, quote_ident(n.nspname) as schema,
      case a.defaclobjtype when 'f' then 'functions' when 'r' then 'tables' when 'S' then 'sequences' when 'T' then 'types'
        when 'n' then 'schemas' else 'large objects' end as kind,
      case g.grantee when 0 then 'public' else ${role('g.grantee')} end as role
    from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace
    left join lateral aclexplode(a.defaclacl) as g on g.grantee <> a.defaclrole
    group by 1, 2, 3, 4 order by 1, 2, 3, 4`,

  systemGrants: `select distinct case g.grantee when 0 then 'public' else ${role('g.grantee')} end as role,
      g.privilege_type as privilege, g.object
    from (
      select a.*, 'table ' || c.oid::regclass as object from pg_class c
      left join pg_init_privs i on i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = 0
      cross join lateral (select * from aclexplode(c.relacl) except select * from aclexplode(i.initprivs)) a
      where c.relnamespace = 'pg_catalog'::regnamespace
      union all select a.*, 'function ' || p.oid::regprocedure from pg_proc p
      left join pg_init_privs i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid
      cross join lateral (select * from aclexplode(p.proacl)
        except select * from aclexplode(coalesce(i.initprivs, acldefault('f', p.proowner)))) a
      where p.pronamespace = 'pg_catalog'::regnamespace
      union all select a.*, 'parameter ' || p.parname from pg_parameter_acl p cross join lateral aclexplode(p.paracl) a
      union all
      -- Large objects belong to no table: where the platform could close them, all of their functions are closed.
      select 0::oid, 0::oid, 'EXECUTE', false, 'function ' || p.oid::regprocedure from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^(lo_|loread$|lowrite$)'
        and has_function_privilege('public', p.oid, 'execute')
        and exists (select from pg_proc q where q.proname = 'lo_open' and not has_function_privilege('public', q.oid, 'execute'))
    ) as g
    where g.grantee = 0 or pg_get_userbyid(g.grantee) ~ '^strata_' order by 3, 1, 2`,

  servers: `select quote_ident(s.srvname) as name, ${role('s.srvowner')} as owner, ${grantsIn('s.srvacl', 's.srvowner')} as grants
    from pg_foreign_server s where not ${ofExtension('pg_foreign_server', 's.oid')} order by 1`,

  userMappings: `select quote_ident(srvname) as server, case umuser when 0 then 'public' else quote_ident(usename) end as role
    from pg_user_mappings where umuser = 0 or usename ~ '^strata_' order by 1, 2`,

  publications: `select quote_ident(p.pubname) as name, p.puballtables as everything,
      array(select distinct format('%I.%I', t.schemaname, t.tablename) from pg_publication_tables t where t.pubname = p.pubname order by 1) as tables
    from pg_publication p order by 1`,

  slots: `select quote_ident(slot_name) as value from pg_replication_slots where slot_type = 'logical' and database = current_database() order by 1`,

  subscriptions: `select quote_ident(s.subname) as value from pg_subscription s
    where s.subdbid = (select oid from pg_database where datname = current_database()) order by 1`,
} as const;

/** Lists of words, whose rows have one column. */
const words = new Set(['volatile', 'slots', 'subscriptions']);

/**
 * Reads the catalogue on a client that is in a transaction, whose search_path is empty from here on, so that every name
 * is read with its schema. `shared` are the declared tables whose rows are no tenant's, in each place. Any login may: the catalogue is readable by all. Costs about twenty queries.
 */
export async function readCatalogue(
  client: Client,
  shared: readonly string[] = [],
): Promise<Catalogue> {
  await client.query(`set local search_path = ''`);
  const { rows } = await client.query<{ database: string; version: number }>(
    `select current_database() as database, current_setting('server_version_num')::int as version`,
  );
  const catalogue: Record<string, unknown> = { ...rows[0] };
  for (const [name, query] of Object.entries(queries)) {
    const found = await client.query<{ value: string }>(query);
    catalogue[name] = words.has(name) ? found.rows.map(({ value }) => value) : found.rows;
  }
  const names = new Set(shared.map((table) => table.replace(/^app\./, '')));
  const { relations, ...rest } = catalogue as unknown as Catalogue;
  const marked = relations.map((one) => ({
    ...one,
    shared: isTenantSchema(one.schema) && names.has(one.name),
  }));
  return { ...rest, relations: marked };
}
