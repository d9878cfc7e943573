-- Whose request this is. Each login has one source of its claims: a client that can set another login's variable
-- changes nothing by it.
create function tenancy.claims() returns jsonb
language sql stable parallel safe set search_path = '' as $$
  select case session_user
    when 'strata_authenticator' then
      nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb -> 'https://hasura.io/jwt/claims'
    when 'strata_hasura' then
      nullif(pg_catalog.current_setting('hasura.user', true), '')::jsonb
    when 'strata_app' then
      pg_catalog.jsonb_build_object(
        'x-hasura-tenant-id', nullif(pg_catalog.current_setting('app.tenant_id', true), ''),
        'x-hasura-user-id', nullif(pg_catalog.current_setting('app.user_id', true), ''),
        'x-hasura-role', nullif(pg_catalog.current_setting('app.role', true), '')
      )
  end
$$;
comment on function tenancy.claims() is
  'The session''s claims from the one source that belongs to its login; null for any other login';

create function tenancy.current_tenant_id() returns uuid
language sql stable parallel safe set search_path = '' as $$
  select (tenancy.claims() ->> 'x-hasura-tenant-id')::uuid
$$;
comment on function tenancy.current_tenant_id() is 'The tenant of this request; null without one';

create function tenancy.current_user_id() returns uuid
language sql stable parallel safe set search_path = '' as $$
  select (tenancy.claims() ->> 'x-hasura-user-id')::uuid
$$;
comment on function tenancy.current_user_id() is 'The user of this request; null without one';

create function tenancy.is_tenant_admin() returns boolean
language sql stable parallel safe set search_path = '' as $$
  select coalesce(tenancy.claims() ->> 'x-hasura-role' = 'admin', false)
$$;
comment on function tenancy.is_tenant_admin() is 'Whether the user of this request administers the tenant';

create function tenancy.require_tenant_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
declare
  tenant uuid := tenancy.current_tenant_id();
begin
  if tenant is null then
    raise insufficient_privilege using
      message = 'this request belongs to no tenant',
      hint = 'Send an access token that names a tenant, or give tenant_id yourself in a maintenance session.';
  end if;
  return tenant;
end
$$;
comment on function tenancy.require_tenant_id() is 'The tenant of this request, as the default of tenant_id; an error without one';

create function tenancy.require_user_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
declare
  person uuid := tenancy.current_user_id();
begin
  if person is null then
    raise insufficient_privilege using
      message = 'this request belongs to no user',
      hint = 'Send an access token that names a user, or give the owner yourself in a maintenance session.';
  end if;
  return person;
end
$$;
comment on function tenancy.require_user_id() is 'The user of this request, as the default of an owner column; an error without one';

grant execute on function
  tenancy.claims(), tenancy.current_tenant_id(), tenancy.current_user_id(), tenancy.is_tenant_admin(),
  tenancy.require_tenant_id(), tenancy.require_user_id()
to strata_tenant, strata_hasura, strata_maintenance;

create function tenancy.table_problems(relation regclass) returns setof text
language sql stable set search_path = '' as $$
  with me as (
    select c.oid, c.relkind, c.relowner, relation::text as name
    from pg_catalog.pg_class c where c.oid = relation
  ),
  tenant_column as (
    select a.attnum, a.atttypid, a.attnotnull
    from pg_catalog.pg_attribute a join me on a.attrelid = me.oid
    where a.attname = 'tenant_id' and not a.attisdropped
  )
  select me.name || ' is no table: only plain and partitioned tables can be fenced'
  from me where me.relkind not in ('r', 'p')
  union all
  select pg_catalog.format('%s belongs to %s: alter table %s owner to strata_owner',
                           me.name, pg_catalog.pg_get_userbyid(me.relowner), me.name)
  from me where me.relowner <> (select r.oid from pg_catalog.pg_roles r where r.rolname = 'strata_owner')
  union all
  select pg_catalog.format('%s has no column tenant_id: alter table %s add column tenant_id uuid not null '
                           'default tenancy.require_tenant_id() references registry.tenants', me.name, me.name)
  from me where not exists (select from tenant_column)
  union all
  select pg_catalog.format('%s.tenant_id is %s: alter table %s alter column tenant_id type uuid',
                           me.name, pg_catalog.format_type(t.atttypid, null), me.name)
  from me, tenant_column t where t.atttypid <> 'uuid'::pg_catalog.regtype
  union all
  select pg_catalog.format('%s.tenant_id may be null: alter table %s alter column tenant_id set not null', me.name, me.name)
  from me, tenant_column t where not t.attnotnull
  union all
  select pg_catalog.format('%s has no primary key: alter table %s add primary key (tenant_id, id)', me.name, me.name)
  from me where not exists (
    select from pg_catalog.pg_index i where i.indrelid = me.oid and i.indisprimary
  )
  union all
  select pg_catalog.format('%s: the key %s does not begin with tenant_id, so a tenant can probe another''s values: '
                           'make it (tenant_id, …)', me.name, i.indexrelid::regclass)
  from me join pg_catalog.pg_index i on i.indrelid = me.oid, tenant_column t
  where i.indisunique and i.indkey[0] <> t.attnum
  union all
  select pg_catalog.format('%s: the exclusion constraint %s lacks tenant_id: add "tenant_id with ="', me.name, k.conname)
  from me join pg_catalog.pg_constraint k on k.conrelid = me.oid, tenant_column t
  where k.contype = 'x' and not t.attnum = any (k.conkey)
  union all
  select pg_catalog.format('%s: the foreign key %s to %s lacks tenant_id, so a row can point into another tenant: '
                           'reference (tenant_id, …)', me.name, k.conname, k.confrelid::regclass)
  from me join pg_catalog.pg_constraint k on k.conrelid = me.oid, tenant_column t
  where k.contype = 'f'
    and exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = k.confrelid and a.attname = 'tenant_id' and not a.attisdropped
    )
    and not exists (
      select from rows from (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) pair (mine, theirs)
      join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = pair.theirs
      where pair.mine = t.attnum and a.attname = 'tenant_id'
    )
  union all
  select pg_catalog.format('%s.tenant_id refers to no tenant: alter table %s add foreign key (tenant_id) '
                           'references registry.tenants', me.name, me.name)
  from me, tenant_column t
  where not exists (
    select from pg_catalog.pg_constraint k
    where k.conrelid = me.oid and k.contype = 'f' and t.attnum = any (k.conkey)
  )
$$;
comment on function tenancy.table_problems(regclass) is
  'Why a table cannot keep tenants apart as it is, one sentence each with the statement that mends it; no rows when it can';
