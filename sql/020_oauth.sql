-- strata: as admin
-- What the OAuth server may know: the id of an active tenant by its slug, and what somebody is there. It logs in as
-- strata_oauth, which asks two functions and reads no table: no list of tenants, no list of members, no row of anybody.

alter role strata_oauth connection limit 12;

grant strata_owner to current_user;
set local role strata_owner;

create policy oauth on registry.tenants for select to strata_owner
  using ((select session_user) = 'strata_oauth');
create policy oauth on registry.members for select to strata_owner
  using ((select session_user) = 'strata_oauth');

create policy oauth on registry.revocations to strata_owner
  using ((select session_user) = 'strata_oauth') with check ((select session_user) = 'strata_oauth');

create function tenancy.oauth_tenant(wanted text) returns table (id uuid)
language sql stable security definer set search_path = '' set row_security = on as $$
  select t.id from registry.tenants t where t.slug = wanted and t.status = 'active'
$$;
comment on function tenancy.oauth_tenant(text) is
  'For the OAuth server: the id of an active tenant by its slug; no row for one that is suspended or not there';

create function tenancy.oauth_role(member uuid, tenant uuid) returns table (role text)
language sql stable security definer set search_path = '' set row_security = on as $$
  select m.role
  from registry.members m
  join registry.tenants t on t.id = m.tenant_id
  where m.user_id = member and m.tenant_id = tenant and t.status = 'active'
$$;
comment on function tenancy.oauth_role(uuid, uuid) is
  'For the OAuth server: what somebody is in an active tenant; no row for who is no member';

create function tenancy.revoke_token(token uuid, ending timestamptz) returns void
language sql security definer set search_path = '' set row_security = on as $$
  select tenancy.revoke_names(array[token], ending)
$$;
comment on function tenancy.revoke_token(uuid, timestamptz) is
  'For the OAuth server: a token with that id counts no more; may be said again';

grant usage on schema tenancy to strata_oauth;
grant execute on function tenancy.oauth_tenant(text), tenancy.oauth_role(uuid, uuid),
  tenancy.revoke_token(uuid, timestamptz) to strata_oauth;

reset role;
revoke strata_owner from current_user;
