-- What is wrong with the platform's own catalogue, a line each. Sees what attacks cannot: a fence that is gone while the
-- one behind it still holds. app.careless_* stand in the tests' fixture on purpose.
with
  schemas as (select oid, nspname from pg_namespace where nspname in ('app', 'registry', 'audit', 'tenancy', 'strata')),
  tables as (
    select c.*, n.nspname from pg_class c join schemas n on n.oid = c.relnamespace where c.relkind in ('r', 'p')
  ),
  tenant_tables as (select * from tables where nspname = 'app'),
  roles as (select * from pg_roles where rolname like 'strata\_%'),
  grants as (
    select c.oid::regclass as relation, acl.privilege_type as privilege, coalesce(r.rolname, 'public') as role, acl.is_grantable
    from tables c
    cross join lateral (
      select * from aclexplode(c.relacl)
      union all select a.* from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid
    ) acl
    left join pg_roles r on r.oid = acl.grantee
    where acl.grantee <> c.relowner
  ),
  commands (command, privilege) as (values ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE'))

select format('%s: row level security is %s', oid::regclass,
    case when relrowsecurity then 'not forced' else 'off' end) as problem
from tables
where not relrowsecurity and nspname <> 'strata'
  or not relforcerowsecurity and nspname in ('app', 'registry')
union all
select format('%s belongs to %s', oid::regclass, relowner::regrole) from tables
where relowner <> 'strata_owner'::regrole and nspname <> 'strata'
union all
select format('%s: %s may %s and no %s policy is for that', g.relation, g.role, lower(g.privilege), kind.name)
from grants g
join tenant_tables t on t.oid = g.relation
join commands c on c.privilege = g.privilege
cross join (values (true, 'permissive'), (false, 'restrictive')) as kind (permissive, name)
where g.role <> 'strata_maintenance'
  and not exists (
    select from pg_policy p
    where p.polrelid = t.oid and p.polpermissive = kind.permissive and p.polcmd in ('*', c.command)
      and g.role::regrole = any (p.polroles)
      and coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
        ~ 'tenancy\.(current|member|admin)_tenant_id\(\)')
union all
select format('%s: policy %s shows every row', polrelid::regclass, polname)
from pg_policy p
where (pg_get_expr(polqual, polrelid) = 'true' or pg_get_expr(polwithcheck, polrelid) = 'true' or '0' = any (polroles))
  and polname not in ('maintenance', 'auditor')
union all
select format('%s: policy %s checks no new rows', polrelid::regclass, polname)
from pg_policy where polcmd in ('a', 'w', '*') and polwithcheck is null
union all
select format('%s: policy %s asks once for each row', polrelid::regclass, polname)
from pg_policy
where replace(coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), ''), 'SELECT tenancy.', '')
  like '%tenancy.%'
union all
select format('%s: %s', oid::regclass, problem) from tenant_tables, tenancy.table_problems(oid) as problem
union all
select format('%s: %s may %s', relation, role, lower(privilege)) from grants
where role = 'public' or is_grantable
  or privilege in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') and role <> 'strata_maintenance'
  or role <> 'strata_maintenance' and not (
    relation in (select oid from tenant_tables) and role in ('strata_tenant', 'strata_hasura')
    or relation = 'audit.log'::regclass and role = 'strata_auditor' and privilege = 'SELECT'
    or relation = 'strata.migrations'::regclass and role = 'strata_migrator' and privilege in ('SELECT', 'INSERT'))
union all
select format('%s: %s may update tenant_id', attrelid::regclass, acl.grantee::regrole)
from pg_attribute, aclexplode(attacl) as acl where attname = 'tenant_id'
  and not (attrelid = 'registry.api_keys'::regclass and acl.grantee = 'strata_maintenance'::regrole and privilege_type <> 'UPDATE')
union all
select format('%s is %s', rolname, attribute) from roles
cross join lateral (values
  (rolsuper, 'superuser'), (rolbypassrls, 'free of policies'), (rolcreaterole, 'a maker of roles'),
  (rolcreatedb and rolname <> 'strata_migrator', 'a maker of databases'), (rolreplication, 'a replication role'),
  (rolinherit and rolname not in ('strata_app', 'strata_monitor'), 'inheriting'),
  (rolcanlogin and rolname in ('strata_owner', 'strata_maintenance', 'strata_tenant', 'strata_anon', 'strata_isolated', 'strata_places'), 'a login')
) as attributes (has, attribute) where has
union all
select format('%s is a member of %s', member::regrole, roleid::regrole) from pg_auth_members
where member in (select oid from roles)
  and (member::regrole::text, roleid::regrole::text) not in (
    ('strata_migrator', 'strata_owner'), ('strata_migrator', 'strata_maintenance'),
    ('strata_authenticator', 'strata_tenant'), ('strata_authenticator', 'strata_anon'), ('strata_app', 'strata_tenant'),
    ('strata_authenticator', 'strata_places'), ('strata_app', 'strata_places'), ('strata_monitor', 'pg_monitor'))
union all
select format('%s has all that %s has without becoming it', member, role)
from (values
  ('strata_migrator', 'strata_owner'), ('strata_migrator', 'strata_maintenance'), ('strata_authenticator', 'strata_tenant')
) as m (member, role) where pg_has_role(member, role, 'usage')
union all
select format('%s runs as its owner with the search_path of its caller', oid::regprocedure) from pg_proc
where pronamespace in (select oid from schemas) and prosecdef and not coalesce('search_path=""' = any (proconfig), false)
union all
select format('%s may be run by everybody', oid::regprocedure) from pg_proc
where pronamespace in (select oid from schemas) and has_function_privilege('public', oid, 'execute')
union all
select format('%s is not security_invoker', c.oid::regclass)
from pg_class c join schemas n on n.oid = c.relnamespace
where c.relkind = 'v' and c.relname not like 'careless%' and not coalesce('security_invoker=true' = any (c.reloptions), false)
union all
select format('schema %s: %s may %s', n.nspname, coalesce(nullif(acl.grantee, 0)::regrole::text, 'public'), lower(acl.privilege_type))
from pg_namespace n, aclexplode(n.nspacl) as acl
where n.nspname in ('app', 'registry', 'audit', 'tenancy', 'strata', 'public') and acl.grantee <> n.nspowner
  and (acl.grantee = 0 or acl.privilege_type = 'CREATE' or (n.nspname, acl.grantee::regrole::text) not in (
    ('app', 'strata_tenant'), ('app', 'strata_hasura'), ('app', 'strata_maintenance'), ('registry', 'strata_maintenance'),
    ('tenancy', 'strata_tenant'), ('tenancy', 'strata_hasura'), ('tenancy', 'strata_maintenance'),
    ('audit', 'strata_auditor'), ('strata', 'strata_migrator'),
    ('registry', 'strata_admin_page'), ('audit', 'strata_admin_page'),
    ('tenancy', 'strata_guard'), ('audit', 'strata_monitor'), ('registry', 'strata_monitor'),
    ('tenancy', 'strata_isolated'), ('tenancy', 'strata_migrator'), ('tenancy', 'strata_authenticator'),
    ('tenancy', 'strata_app'), ('tenancy', 'strata_pooler'), ('tenancy', 'strata_oauth'), ('tenancy', 'strata_sessions'), ('audit', 'strata_maintenance')))
union all
select format('everybody may %s in the database', privilege) from (values ('create'), ('temp'), ('connect')) as p (privilege)
where has_database_privilege('public', current_database(), privilege)
union all
select 'functions made later may be run by everybody'
where not exists (
  select from pg_default_acl where defaclrole = 'strata_owner'::regrole and defaclobjtype = 'f' and defaclnamespace = 0
    and not exists (select from aclexplode(defaclacl) where grantee = 0))
union all
select format('%s may be changed', t.oid::regclass) from tables t
where t.nspname = 'audit' and not exists (
  select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'append_only' and g.tgenabled in ('O', 'A')
    and pg_get_triggerdef(g.oid) like '%BEFORE DELETE OR UPDATE OR TRUNCATE%')
union all
select format('%s: %s are not recorded', t.oid::regclass, what) from tenant_tables t
cross join unnest(array['insert', 'update', 'delete', 'truncate']) as what
where not exists (
  select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'strata_audit_' || what and g.tgenabled in ('O', 'A'))
order by 1
