-- strata: as admin
-- What the admin page shows of tenants, users, keys and the audit log. It logs in as strata_admin_page, which reads that by
-- the functions below and nothing else: no row of a tenant's tables, no hash of a key, no key of an audited row. All that
-- it has besides is the catalogue, as every login.
--
-- Lists come in pages of 50, the first page is 0, and `total` is the same in each row. What is looked for is compared as a
-- text, never as a pattern.

alter role strata_admin_page connection limit 4;

-- pgAdmin comes as strata_auditor and asks pg_stat_gssapi about its own session; refused, it does not open the server (tried
-- with 9.18). Who is connected is seen by this, never another login's statement.
do $sessions$
begin
  if has_function_privilege('pg_catalog.pg_stat_get_activity(int)', 'execute with grant option') then
    grant execute on function pg_catalog.pg_stat_get_activity(int) to strata_auditor;
  end if;
end
$sessions$;

grant strata_owner to current_user;
set local role strata_owner;

create policy admin_page on registry.tenants for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on registry.users for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on registry.members for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on registry.api_keys for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on registry.api_key_usage for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on storage.tenant_usage for select to strata_owner
  using ((select session_user) = 'strata_admin_page');
create policy admin_page on storage.limits for select to strata_owner
  using ((select session_user) = 'strata_admin_page');

create function registry.list_tenants(search text, page int)
returns table (id uuid, slug text, name text, model text, shard text, status text, created_at timestamptz, members bigint,
  storage_used bigint, storage_limit bigint, requests_per_minute int, total bigint)
language sql stable security definer set search_path = '' set row_security = on as $$
  with found as (
    select t.*, count(*) over () as total from registry.tenants t
    where strpos(t.slug, lower(search)) > 0 or strpos(lower(t.name), lower(search)) > 0 or t.id::text = lower(search)
    order by t.slug <> lower(search), t.slug
    limit 50 offset 50 * greatest(page, 0)::bigint
  )
  select f.id, f.slug, f.name, f.model, f.shard, f.status, f.created_at,
    (select count(*) from registry.members m where m.tenant_id = f.id),
    coalesce((select u.bytes from storage.tenant_usage u where u.tenant_id = f.id), 0),
    coalesce(f.storage_bytes, (select l.tenant_bytes from storage.limits l)),
    f.requests_per_minute, f.total
  from found f order by f.slug <> lower(search), f.slug
$$;
comment on function registry.list_tenants(text, int) is
  'For the admin page: tenants whose slug or name holds a text, or with that id; who has the text as a slug comes first';

create function registry.list_users(search text, page int)
returns table (id uuid, handle text, created_at timestamptz, tenants bigint, memberships jsonb, total bigint)
language sql stable security definer set search_path = '' set row_security = on as $$
  with found as (
    select u.*, count(*) over () as total from registry.users u
    where strpos(lower(u.handle), lower(search)) > 0 or u.id::text = lower(search)
    order by u.handle
    limit 50 offset 50 * greatest(page, 0)::bigint
  )
  select f.id, f.handle, f.created_at,
    (select count(*) from registry.members m where m.user_id = f.id),
    coalesce((
      select jsonb_agg(jsonb_build_object('slug', few.slug, 'role', few.role) order by few.slug)
      from (
        select t.slug, m.role from registry.members m join registry.tenants t on t.id = m.tenant_id
        where m.user_id = f.id order by t.slug limit 20
      ) as few), '[]'),
    f.total
  from found f order by f.handle
$$;
comment on function registry.list_users(text, int) is
  'For the admin page: users whose handle holds a text, or with that id, and the first twenty tenants of each';

create function registry.list_members(tenant uuid, page int)
returns table (user_id uuid, handle text, role text, created_at timestamptz, total bigint)
language sql stable security definer set search_path = '' set row_security = on as $$
  select u.id, u.handle, m.role, m.created_at, count(*) over ()
  from registry.members m join registry.users u on u.id = m.user_id
  where m.tenant_id = tenant
  order by m.role, u.handle
  limit 50 offset 50 * greatest(page, 0)::bigint
$$;
comment on function registry.list_members(uuid, int) is 'For the admin page: members of a tenant, its admins first';

create function registry.list_api_keys(tenant uuid, page int)
returns table (id uuid, name text, role text, scopes text[], issuer text, created_at timestamptz, expires_at timestamptz,
  revoked_at timestamptz, last_used_at timestamptz, use_count bigint, total bigint)
language sql stable security definer set search_path = '' set row_security = on as $$
  select k.id, k.name, k.role, k.scopes, i.handle, k.created_at, k.expires_at, k.revoked_at, u.last_used_at,
    coalesce(u.use_count, 0), count(*) over ()
  from registry.api_keys k
  join registry.users i on i.id = k.created_by
  left join registry.api_key_usage u on u.tenant_id = k.tenant_id and u.key_id = k.id
  where k.tenant_id = tenant
  order by k.created_at desc, k.id
  limit 50 offset 50 * greatest(page, 0)::bigint
$$;
comment on function registry.list_api_keys(uuid, int) is
  'For the admin page: API keys of a tenant, the newest first; never what they prove';

create function audit.list_entries(tenant uuid, before_at timestamptz, before_id uuid)
returns table (id uuid, at timestamptz, login text, tenant_id uuid, slug text, handle text, member_role text, relation text,
  operation text, changed_rows int)
language sql stable security definer set search_path = '' set row_security = on as $$
  with newest as (
    select l.* from audit.log l
    where (tenant is null or l.tenant_id = tenant) and (before_at is null or (l.at, l.id) < (before_at, before_id))
    order by l.at desc, l.id desc
    limit 50
  )
  select n.id, n.at, n.login, n.tenant_id, t.slug, u.handle, n.member_role, n.relation, n.operation, jsonb_array_length(n.keys)
  from newest n
  left join registry.tenants t on t.id = n.tenant_id
  left join registry.users u on u.id = n.user_id
  order by n.at desc, n.id desc
$$;
comment on function audit.list_entries(uuid, timestamptz, uuid) is
  'For the admin page: the newest 50 entries of a tenant, of all where null, before another one; how many rows, never which';

grant usage on schema registry, audit to strata_admin_page;
grant execute on function registry.list_tenants(text, int), registry.list_users(text, int),
  registry.list_members(uuid, int), registry.list_api_keys(uuid, int), audit.list_entries(uuid, timestamptz, uuid)
  to strata_admin_page;

reset role;
revoke strata_owner from current_user;
