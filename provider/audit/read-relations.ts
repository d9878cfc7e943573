/** Privileges to others than the owner, as JSON; `column` names whose they are. */
export function grantsIn(acl: string, owner: string, column = 'null'): string {
  return `(select coalesce(jsonb_agg(jsonb_build_object(
      'role', case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
      'privilege', a.privilege_type, 'grantable', a.is_grantable, 'column', ${column})), '[]')
    from aclexplode(${acl}) a where a.grantee <> ${owner})`;
}

/** Schemas of people, not of Postgres. */
export const ownSchemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

export function ofExtension(catalogue: string, oid: string): string {
  return `exists (select from pg_depend e where e.classid = '${catalogue}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
}

/** Functions that an object calls, other than Postgres' own. */
function callsOf(catalogue: string, oid: string): string {
  return `array(select distinct d.refobjid::regprocedure::text from pg_depend d
    where d.classid = '${catalogue}'::regclass and d.objid = ${oid}
      and d.refclassid = 'pg_proc'::regclass and d.refobjid <> ${oid} order by 1)`;
}

/** What a body that is read at each run calls, by the names that stand in it; without comments, which call nothing. */
const namedCalls = `array(select q.oid::regprocedure::text from pg_proc q join pg_namespace qn on qn.oid = q.pronamespace
    where p.prosqlbody is null and q.oid <> p.oid and qn.nspname !~ '^pg_' and position(format('%I.%I(', qn.nspname, q.proname)
      in regexp_replace(p.prosrc, '--[^\\n]*|/\\*.*?\\*/', ' ', 'g')) > 0)`;

const names = (attnums: string, relation: string): string => `array(
  select a.attname::text from unnest(${attnums}) with ordinality u (attnum, place)
  join pg_attribute a on a.attrelid = ${relation} and a.attnum = u.attnum order by u.place)`;

const refOf = (oid: string): string =>
  `(select format('%I.%I', rn.nspname, rc.relname) from pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace where rc.oid = ${oid})`;

const columns = `(
  select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', a.atttypid::regtype::text, 'notNull', a.attnotnull,
    'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity <> '') order by a.attnum), '[]')
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const indexes = `(
  select coalesce(jsonb_agg(jsonb_build_object('ref', format('%I.%I', n.nspname, x.relname), 'name', quote_ident(x.relname),
    'columns', array(select coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, at.place, true))
      from generate_series(1, i.indnkeyatts) at (place)
      left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[at.place - 1] and a.attnum > 0 order by at.place),
    'operators', array(select o.oprname::text from unnest(k.conexclop) with ordinality e (oid, place)
      join pg_operator o on o.oid = e.oid order by e.place),
    'unique', i.indisunique or i.indisexclusion, 'primary', i.indisprimary,
    'whole', i.indisvalid and i.indisready and i.indpred is null, 'constraint', quote_ident(k.conname)) order by x.relname), '[]')
  from pg_index i join pg_class x on x.oid = i.indexrelid
  left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')
  where i.indrelid = c.oid)`;

const references = `(
  select coalesce(jsonb_agg(jsonb_build_object('name', quote_ident(k.conname), 'target', ${refOf('k.confrelid')},
    'targetSchema', (select tn.nspname from pg_class tc join pg_namespace tn on tn.oid = tc.relnamespace where tc.oid = k.confrelid),
    'columns', ${names('k.conkey', 'k.conrelid')}, 'targetColumns', ${names('k.confkey', 'k.confrelid')},
    'tenants', exists (select from pg_attribute a where a.attrelid = k.confrelid and a.attname = 'tenant_id' and not a.attisdropped),
    'validated', k.convalidated,
    'action', case k.confdeltype when 'c' then ' on delete cascade' when 'r' then ' on delete restrict'
      when 'n' then ' on delete set null' else '' end) order by k.conname), '[]')
  from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0)`;

const policies = `(
  select coalesce(jsonb_agg(jsonb_build_object('name', quote_ident(p.polname), 'permissive', p.polpermissive, 'command', p.polcmd,
    'roles', array(select case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end from unnest(p.polroles) r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
    'calls', ${callsOf('pg_policy', 'p.oid')}) order by p.polname), '[]')
  from pg_policy p where p.polrelid = c.oid)`;

const triggers = `(
  select coalesce(jsonb_agg(jsonb_build_object('name', quote_ident(t.tgname), 'enabled', t.tgenabled in ('O', 'A'),
    'definition', pg_get_triggerdef(t.oid)) order by t.tgname), '[]')
  from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)`;

/** Everything that holds rows or shows them. */
export const relationsQuery = `
  select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as ref, c.relkind as kind,
    quote_ident(pg_get_userbyid(c.relowner)) as owner, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
    coalesce(c.reloptions, '{}') as options, ${ofExtension('pg_class', 'c.oid')} as "ofExtension",
    c.relispartition as partition, c.relreplident as identity,
    array(select ${refOf('h.inhparent')} from pg_inherits h where h.inhrelid = c.oid) as parents,
    ${grantsIn('c.relacl', 'c.relowner')} || coalesce((
      select jsonb_agg(g) from pg_attribute t
      cross join lateral jsonb_array_elements(${grantsIn('t.attacl', 'c.relowner', 'quote_ident(t.attname)')}) g
      where t.attrelid = c.oid and t.attacl is not null), '[]') as grants,
    ${columns} as columns, ${indexes} as indexes, ${references} as references, ${policies} as policies, ${triggers} as triggers,
    array(select quote_ident(r.rulename) from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN') as rules
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${ownSchemas}
  order by 1, 2`;

export const routinesQuery = `
  select n.nspname as schema, p.proname as name,
    p.oid::regprocedure::text as ref, quote_ident(pg_get_userbyid(p.proowner)) as owner, p.prosecdef as definer,
    p.proleakproof as leakproof, p.provolatile = 'v' as volatile, p.prorettype = 'trigger'::regtype as "isTrigger",
    l.lanname as language, p.prosqlbody is not null as parsed, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
    coalesce(p.proconfig, '{}') as settings, ${ofExtension('pg_proc', 'p.oid')} as "ofExtension",
    ${grantsIn(`coalesce(p.proacl, acldefault('f', p.proowner))`, 'p.proowner')} as grants, ${callsOf('pg_proc', 'p.oid')} || ${namedCalls} as calls
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where ${ownSchemas} order by 1, 4`;
