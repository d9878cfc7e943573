-- strata: as admin
-- The roles of single tenants: of a schema, or the login to a database. Only the admin may make roles, and only the
-- migrator may ask for one: of a tenant, with the name that follows from its id. They stand in the admin's own schema,
-- because an admin that is no superuser may not enter the owner's.

grant strata_owner to current_user;
set local role strata_owner;

create function tenancy.tenant_role(tenant uuid) returns text
language sql immutable strict parallel safe
return 'strata_t_' || replace(tenant::text, '-', '');
comment on function tenancy.tenant_role(uuid) is 'The role that belongs to a tenant alone: of its schema, or the login to its database';
grant execute on function tenancy.tenant_role(uuid) to strata_tenant, strata_isolated, strata_hasura, strata_maintenance;

reset role;
revoke strata_owner from current_user;

create function strata.settle_tenant_role(tenant uuid, verifier text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  role constant text := 'strata_t_' || replace(tenant::text, '-', '');
  own_database constant boolean := verifier is not null;
  modern constant boolean := current_setting('server_version_num')::int >= 160000;
begin
  if own_database and verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' then
    raise exception 'a login needs a SCRAM verifier, never a password';
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = role) then
    execute format('create role %I nologin', role);
  end if;
  if own_database then
    execute format('alter role %I login noinherit password %L', role, verifier);
    execute format('grant strata_tenant to %I', role)
      || case when modern then ' with admin false, inherit false, set true' else '' end;
    execute format('revoke strata_isolated from %I', role);
    execute format('revoke %I from strata_places', role);
  else
    execute format('alter role %I nologin inherit password null', role);
    execute format('grant strata_isolated to %I', role)
      || case when modern then ' with admin false, inherit true, set true' else '' end;
    execute format('revoke strata_tenant from %I', role);
    -- Up to 15 it is the member that inherits, and strata_app does: what strata_places does not inherit stops there.
    execute format('grant %I to strata_places', role)
      || case when modern then ' with admin false, inherit false, set true' else '' end;
  end if;
  return role;
end
$$;
comment on function strata.settle_tenant_role(uuid, text) is
  'What make_tenant_role() does, whatever the role is there for';

-- A tenant that moves between a schema and a database of one cluster has one role in both: as long as the old place is
-- there, that role is the role of the schema and the login to the database, so that nobody is refused in either.

create function strata.role_serves_both(tenant uuid) returns boolean
language sql stable
return coalesce(shobj_description(to_regrole('strata_t_' || replace(tenant::text, '-', '')), 'pg_authid') = 'Moving', false);
comment on function strata.role_serves_both(uuid) is
  'Whether the role of a tenant is that of a schema and the login to a database, while the tenant moves from one to the other';

create function strata.make_tenant_role(tenant uuid, verifier text) returns text
language plpgsql security definer set search_path = '' as $$
begin
  if strata.role_serves_both(tenant) then
    return 'strata_t_' || replace(tenant::text, '-', '');
  end if;
  return strata.settle_tenant_role(tenant, verifier);
end
$$;
comment on function strata.make_tenant_role(uuid, text) is
  'The role of a tenant: with a verifier the login to its database, with null the role of its schema; returns its name. '
  'Nothing while it serves both';

create function strata.share_tenant_role(tenant uuid, verifier text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  role constant text := 'strata_t_' || replace(tenant::text, '-', '');
  modern constant boolean := current_setting('server_version_num')::int >= 160000;
begin
  if to_regrole(role) is null or verifier is null then
    raise exception 'only the role of a tenant that has a place serves another one too, with a login'
      using errcode = 'undefined_object';
  end if;
  perform strata.settle_tenant_role(tenant, verifier);
  perform strata.settle_tenant_role(tenant, null);
  -- Before 16 the member inherits or not, from all it is a member of: for the time of a move the login is a tenant at once.
  execute format('alter role %I login inherit password %L', role, verifier);
  execute format('grant strata_tenant to %I', role)
    || case when modern then ' with admin false, inherit false, set true' else '' end;
  execute format('comment on role %I is %L', role, 'Moving');
  return role;
end
$$;
comment on function strata.share_tenant_role(uuid, text) is
  'For a move within one cluster: the role of a tenant''s schema is the login to its database too, until it is settled';

create function strata.unshare_tenant_role(tenant uuid, verifier text) returns text
language plpgsql security definer set search_path = '' as $$
begin
  execute format('comment on role %I is null', 'strata_t_' || replace(tenant::text, '-', ''));
  return strata.make_tenant_role(tenant, verifier);
end
$$;
comment on function strata.unshare_tenant_role(uuid, text) is
  'After a move: the role of a tenant is what make_tenant_role() makes of it again';

create function strata.drop_tenant_role(tenant uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
  role constant text := 'strata_t_' || replace(tenant::text, '-', '');
begin
  if not exists (select from pg_catalog.pg_roles where rolname = role) then
    return false;
  end if;
  execute format('drop role %I', role);
  return true;
end
$$;
comment on function strata.drop_tenant_role(uuid) is
  'Ends the role of a tenant; Postgres refuses while anything is granted to it. False when there is none';

-- The login to a tenant's own database: whether it is open, and how long its statements may take.

create function strata.hold_tenant_login(tenant uuid, open boolean, statement_timeout_ms int, connections int) returns void
language plpgsql security definer set search_path = '' as $$
declare
  -- As tenancy.tenant_role() has it, which an admin who is no superuser may not call.
  role constant text := 'strata_t_' || replace(tenant::text, '-', '');
begin
  -- What becomes strata_tenant logs in; the role of a schema never does.
  if not exists (
    select from pg_catalog.pg_auth_members m
    where m.member = to_regrole(role) and m.roleid = 'strata_tenant'::regrole) then
    raise exception 'this tenant has no login of its own' using errcode = 'undefined_object';
  end if;
  execute format('alter role %I %s connection limit %s', role,
    case when open then 'login' else 'nologin' end, coalesce(connections, -1));
  if statement_timeout_ms is null then
    execute format('alter role %I reset statement_timeout', role);
  else
    execute format('alter role %I set statement_timeout = %L', role, statement_timeout_ms::text);
  end if;
end
$$;
comment on function strata.hold_tenant_login(uuid, boolean, int, int) is
  'Opens or closes a tenant''s login to its own database, and limits its statements and connections; null: no limit here';

create function strata.end_tenant_sessions(tenant uuid) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  role constant text := 'strata_t_' || replace(tenant::text, '-', '');
  ended bigint;
begin
  if to_regrole(role) is null then
    return 0;
  end if;
  -- Who ends sessions needs the privileges of their role, for as long as that takes.
  execute format('grant %I to current_user', role)
    || case when current_setting('server_version_num')::int >= 160000 then ' with inherit true' else '' end;
  select count(*) filter (where pg_catalog.pg_terminate_backend(a.pid)) into ended
  from pg_catalog.pg_stat_activity a where a.usename = role;
  execute format('revoke %I from current_user', role);
  return ended;
end
$$;
comment on function strata.end_tenant_sessions(uuid) is
  'Ends the sessions of a tenant''s login; how many. Close it before, in a transaction of its own, or others come';

revoke all on function strata.settle_tenant_role(uuid, text), strata.make_tenant_role(uuid, text),
  strata.share_tenant_role(uuid, text), strata.unshare_tenant_role(uuid, text), strata.drop_tenant_role(uuid),
  strata.role_serves_both(uuid), strata.hold_tenant_login(uuid, boolean, int, int), strata.end_tenant_sessions(uuid)
  from public;
grant execute on function strata.make_tenant_role(uuid, text), strata.share_tenant_role(uuid, text),
  strata.unshare_tenant_role(uuid, text), strata.drop_tenant_role(uuid), strata.role_serves_both(uuid),
  strata.hold_tenant_login(uuid, boolean, int, int), strata.end_tenant_sessions(uuid) to strata_migrator;
alter role strata_migrator createdb;
