-- strata: as admin
-- Schemas and who may enter them, and what nobody is given by default.

-- An admin that is no superuser makes objects for the owner only while it is its member.
grant strata_owner to current_user;

do $database$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format(
    'grant connect on database %I to strata_migrator, strata_authenticator, strata_hasura, strata_app, strata_auditor, strata_guard, strata_dispatcher, strata_admin_page, strata_oauth, strata_realtime, strata_sessions, strata_pooler, strata_monitor',
    current_database());
  revoke all on schema public from public;

  -- Who may not revoke gets a warning only, and the database would stay open.
  if has_database_privilege('public', current_database(), 'temp')
    or has_schema_privilege('public', 'public', 'create') then
    raise exception 'everybody may still create objects in the database %', current_database()
      using hint = 'Run this migration as the owner of the database and of its schema public.';
  end if;

  -- Whoever gets into another database reads the figures of this one there.
  revoke all on database postgres, template1 from public;
  if has_database_privilege('public', 'postgres', 'connect') then
    raise notice 'every login may connect to the database postgres: CONVENTIONS.md says what that leaves open';
  end if;
end
$database$;

-- Large objects belong to no table, so no policy guards them; counters and sizes of tables count every tenant's rows.
-- An admin that is no superuser may not take these away: CONVENTIONS.md says what that leaves open.
do $catalogue$
declare
  shared record;
begin
  for shared in
    select p.oid::regprocedure as name, p.proname ~ '^(lo_|loread$|lowrite$)' as of_large_objects
    from pg_catalog.pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and (p.proname ~ '^(lo_|loread$|lowrite$|pg_stat_get_)'
        or p.proname in ('pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size',
          'pg_database_size', 'pg_tablespace_size'))
      and has_function_privilege(p.oid, 'execute with grant option')
  loop
    execute format('revoke execute on function %s from public', shared.name);
    if not shared.of_large_objects then
      execute format('grant execute on function %s to pg_monitor', shared.name);
    end if;
  end loop;
end
$catalogue$;

create schema tenancy authorization strata_owner;
comment on schema tenancy is 'Who a session acts for, and checks on the tables of tenants';
create schema registry authorization strata_owner;
comment on schema registry is 'Tenants, users and members, across tenants';
create schema app authorization strata_owner;
comment on schema app is 'The application''s tables; APIs show this schema';
create schema audit authorization strata_owner;
comment on schema audit is 'Who changed what, append-only';

-- Nothing is granted to PUBLIC, whatever the owner makes later.
alter default privileges for role strata_owner revoke all on functions from public;
alter default privileges for role strata_owner revoke all on tables from public;

grant usage on schema tenancy to strata_tenant, strata_isolated, strata_hasura, strata_maintenance;
grant usage on schema app to strata_tenant, strata_hasura, strata_maintenance;
grant usage on schema registry to strata_maintenance;
grant usage on schema audit to strata_auditor;

-- New tables are reachable by maintenance alone until tenancy.ts declares them.
alter default privileges for role strata_owner in schema registry, app grant all on tables to strata_maintenance;
alter default privileges for role strata_owner in schema registry, app grant all on sequences to strata_maintenance;

-- The ledger stays the admin's: a migration can enter itself and nothing can be taken out.
revoke all on schema strata from public;
revoke all on strata.migrations from public;
comment on schema strata is 'Strata''s own records';
grant usage on schema strata to strata_migrator;
grant select, insert on strata.migrations to strata_migrator;

revoke strata_owner from current_user;
