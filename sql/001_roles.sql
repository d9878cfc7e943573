-- strata: as admin
-- The platform's roles. They belong to the whole cluster, so a second database finds them made: everything here may run
-- again. The admin need not be a superuser (a managed database has none): CREATEROLE is enough, from Postgres 15 on.

do $roles$
declare
  wanted record;
  actual pg_catalog.pg_roles;
  excess text;
begin
  for wanted in
    select * from (values
      ('strata_owner', false, false, 'Owns schemas, tables and functions; nobody logs in as it'),
      ('strata_maintenance', false, false, 'Changes data across tenants, by an explicit policy on each table'),
      ('strata_tenant', false, false, 'What a member of a tenant may do'),
      ('strata_anon', false, false, 'Requests without a token: nothing'),
      ('strata_places', false, false, 'Leads services to the roles of tenants with a schema of their own; inherits nothing of them'),
      ('strata_isolated', false, false, 'What roles of tenants with a schema of their own have in common: functions, no table'),
      ('strata_migrator', true, false, 'Runs migrations, as owner or as maintenance'),
      ('strata_authenticator', true, false, 'API servers; becomes tenant or anon for each request'),
      ('strata_hasura', true, false, 'Hasura: changes rows, defines nothing'),
      ('strata_app', true, true, 'Trusted backends: a tenant whose context stands in app.tenant_id, app.user_id, app.role'),
      ('strata_auditor', true, false, 'Reads the audit log and the catalogue'),
      ('strata_guard', true, false, 'The gateway''s guard: verifies API keys by functions, reads nothing itself'),
      ('strata_dispatcher', true, false, 'Hands out events of the outbox by functions, reads nothing itself'),
      ('strata_sessions', true, false, 'The auth service''s door: whose token it is, by functions, reads nothing itself'),
      ('strata_admin_page', true, false, 'The admin page: lists tenants, users and the audit log by functions, reads the catalogue'),
      ('strata_oauth', true, false, 'The OAuth server: asks by functions who is what in which tenant, reads nothing itself'),
      ('strata_realtime', true, false, 'Hears by functions which rows have changed, reads nothing itself'),
      ('strata_pooler', true, false, 'Reads by functions which databases the pooler serves, nothing else'),
      ('strata_monitor', true, true, 'Figures of the server for monitoring, nothing of any tenant')
    ) as r (name, can_login, inherits, purpose)
  loop
    select * into actual from pg_catalog.pg_roles where rolname = wanted.name;
    if not found then
      execute format('create role %I nologin', wanted.name);
    end if;
    execute format('alter role %I %s %s', wanted.name,
      case when wanted.can_login then 'login' else 'nologin' end,
      case when wanted.inherits then 'inherit' else 'noinherit' end);

    -- Only a superuser may so much as name these attributes, so they are named only where one is to be taken away.
    excess := concat_ws(' ',
      case when actual.rolsuper then 'nosuperuser' end,
      case when actual.rolbypassrls then 'nobypassrls' end,
      case when actual.rolreplication then 'noreplication' end,
      case when actual.rolcreaterole then 'nocreaterole' end,
      case when actual.rolcreatedb and wanted.name <> 'strata_migrator' then 'nocreatedb' end);
    if excess <> '' then
      execute format('alter role %I %s', wanted.name, excess);
    end if;
    execute format('comment on role %I is %L', wanted.name, wanted.purpose);
  end loop;
end
$roles$;

do $memberships$
declare
  wanted record;
  excess text;
begin
  for wanted in
    select * from (values
      ('strata_migrator', 'strata_owner', false),
      ('strata_migrator', 'strata_maintenance', false),
      ('strata_authenticator', 'strata_tenant', false),
      ('strata_authenticator', 'strata_anon', false),
      ('strata_authenticator', 'strata_places', false),
      ('strata_app', 'strata_places', false),
      ('strata_app', 'strata_tenant', true)
    ) as m (member, role, inherits)
  loop
    -- From Postgres 16 on it is the membership that inherits or not; before, the member does, as 001 made it.
    execute format('grant %I to %I', wanted.role, wanted.member)
      || case when current_setting('server_version_num')::int >= 160000
           then format(' with admin false, inherit %s, set true', wanted.inherits::text) else '' end;
  end loop;

  select string_agg(format('revoke %s from %s;', m.roleid::regrole, m.member::regrole), ' ')
  into excess
  from pg_catalog.pg_auth_members m
  where m.member in (select oid from pg_catalog.pg_roles where rolname ~ '^strata_')
    and (m.member::regrole::text, m.roleid::regrole::text) not in (
      ('strata_migrator', 'strata_owner'), ('strata_migrator', 'strata_maintenance'),
      ('strata_authenticator', 'strata_tenant'), ('strata_authenticator', 'strata_anon'),
      ('strata_authenticator', 'strata_places'), ('strata_app', 'strata_places'),
      ('strata_app', 'strata_tenant'), ('strata_monitor', 'pg_monitor'))
    -- The roles of single tenants, as strata.make_tenant_role() makes them: strata_t_ and the tenant's id.
    and not (m.member::regrole::text = 'strata_places' and m.roleid::regrole::text ~ '^strata_t_[0-9a-f]{32}$')
    and not (m.member::regrole::text ~ '^strata_t_[0-9a-f]{32}$'
      and m.roleid::regrole::text in ('strata_isolated', 'strata_tenant'));
  if excess is not null then
    raise exception 'a role of the platform is a member of a role that it must not reach'
      using hint = 'As an admin run: ' || excess;
  end if;
end
$memberships$;

do $monitor$
begin
  execute 'grant pg_monitor to strata_monitor';
exception when insufficient_privilege then
  -- An admin who may not hand this role out (a managed database) sees fewer figures, not none.
  raise notice 'strata_monitor is no member of pg_monitor: grant it as an admin who may';
end
$monitor$;
