-- strata: as admin
-- Nobody but the owner may make anything, and what the owner makes is nobody's until it is granted.
do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format(
    'grant connect on database %I to strata_migrator, strata_authenticator, strata_hasura, strata_app, strata_auditor',
    current_database()
  );
  -- An admin who is no superuser may give objects only to a role that it can become.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant strata_owner to %I', current_user);
  end if;
end
$$;
revoke all on schema public from public;

create schema if not exists tenancy authorization strata_owner;
create schema if not exists registry authorization strata_owner;
create schema if not exists audit authorization strata_owner;
create schema if not exists app authorization strata_owner;
comment on schema tenancy is 'Whose request this is, and what keeps tenants apart';
comment on schema registry is 'Tenants, users, and who is a member where';
comment on schema audit is 'What was changed, by whom, in which tenant';
comment on schema app is 'The application''s tables';

grant usage on schema tenancy to strata_tenant, strata_anon, strata_hasura, strata_maintenance, strata_auditor;
grant usage on schema app to strata_tenant, strata_hasura, strata_maintenance;
grant usage on schema registry to strata_maintenance;
grant usage on schema audit to strata_auditor;

-- A migration that changes data runs as the maintenance role; no other role is given anything by default.
alter default privileges for role strata_owner in schema app
  grant select, insert, update, delete on tables to strata_maintenance;
alter default privileges for role strata_owner in schema registry
  grant select, insert, update, delete on tables to strata_maintenance;
alter default privileges for role strata_owner revoke execute on functions from public;
alter default privileges for role strata_owner revoke usage on types from public;

-- The ledger is made by the first runner; later ones may read it and add to it, never change it.
grant usage on schema strata to strata_migrator;
grant select, insert on strata.migrations to strata_migrator;
