-- strata: as admin
-- Roles are global in a cluster: each is made if it is not there, and brought to its attributes either way.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('strata_owner', 'nologin inherit'),
      ('strata_maintenance', 'nologin inherit'),
      ('strata_tenant', 'nologin inherit'),
      ('strata_anon', 'nologin inherit'),
      ('strata_migrator', 'login noinherit'),
      ('strata_authenticator', 'login noinherit'),
      ('strata_hasura', 'login inherit'),
      ('strata_app', 'login inherit'),
      ('strata_auditor', 'login inherit')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I', wanted.name);
    end if;
    execute format('alter role %I %s nocreaterole nocreatedb', wanted.name, wanted.attributes);
  end loop;
end
$$;
grant strata_owner, strata_maintenance to strata_migrator;
grant strata_tenant, strata_anon to strata_authenticator;
grant strata_tenant to strata_app;
