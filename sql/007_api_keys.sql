-- API keys of tenants: issued by an admin of the tenant, scoped, expiring, revocable, counted. The guard verifies them.
--
-- A key is strata_<id>_<secret><check>: 32 hex digits that find its row, 64 that prove it, and 8 of a SHA-256 over what
-- stands before them, so that a mistyped key is told without asking here. Kept is the SHA-256 of the secret: 256 random
-- bits cannot be guessed from a hash, however fast that is, so a slow one would only make each request slower.
--
-- Row level security holds the functions below too: they run as strata_owner, and that role sees here what the session
-- behind it may see. They switch it on themselves, because a migration makes them with it off.

create table registry.api_keys (
  tenant_id uuid not null references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid() unique,
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  name text not null check (char_length(name) between 1 and 100),
  role text not null check (role in ('admin', 'member')),
  scopes text[] not null check (
    cardinality(scopes) between 1 and 12 and array_ndims(scopes) = 1
    and scopes <@ array[
      'graphql:read', 'graphql:write', 'graphql:*', 'storage:read', 'storage:write', 'storage:*',
      'functions:read', 'functions:write', 'functions:*', 'services:read', 'services:write', 'services:*']),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references registry.members on delete cascade,
  check (expires_at > created_at and expires_at <= created_at + interval '366 days')
);
comment on table registry.api_keys is 'What programs of a tenant sign in with instead of a token';
comment on column registry.api_keys.secret_hash is 'SHA-256 of the secret''s 32 bytes; the secret is kept nowhere';
comment on column registry.api_keys.role is 'The most that the key may be; less when its issuer has become less';
comment on column registry.api_keys.scopes is 'What it opens, area:read, area:write or area:*';
comment on column registry.api_keys.created_by is 'The member that it acts as; it ends with the membership';
create index api_keys_of_member on registry.api_keys (tenant_id, created_by);

-- Apart from the key: counting is no change of a key, so it is not recorded in the audit log and tells the guard nothing.
create table registry.api_key_usage (
  tenant_id uuid not null,
  key_id uuid not null,
  use_count bigint not null check (use_count > 0),
  last_used_at timestamptz not null,
  primary key (tenant_id, key_id),
  foreign key (tenant_id, key_id) references registry.api_keys on delete cascade
);
comment on table registry.api_key_usage is
  'How often a key was used; the guard adds up and writes every ten seconds, so a crash loses that much';

alter table registry.api_keys enable row level security, force row level security;
alter table registry.api_key_usage enable row level security, force row level security;
create policy maintenance on registry.api_keys to strata_maintenance using (true) with check (true);
create policy maintenance on registry.api_key_usage to strata_maintenance using (true) with check (true);

create policy guard on registry.tenants for select to strata_owner using ((select session_user) = 'strata_guard');
create policy guard on registry.members for select to strata_owner using ((select session_user) = 'strata_guard');
create policy guard on registry.api_keys for select to strata_owner using ((select session_user) = 'strata_guard');
create policy guard on registry.api_key_usage to strata_owner
  using ((select session_user) = 'strata_guard') with check ((select session_user) = 'strata_guard');

create policy tenant_admins on registry.api_keys to strata_owner
  using (tenant_id = (select tenancy.current_tenant_id()) and (select tenancy.is_tenant_admin()))
  with check (tenant_id = (select tenancy.current_tenant_id()) and (select tenancy.is_tenant_admin()));
create policy tenant_admins on registry.api_key_usage for select to strata_owner
  using (tenant_id = (select tenancy.current_tenant_id()) and (select tenancy.is_tenant_admin()));

-- Maintenance issues and revokes for the platform's operators; the hash is for the guard's question alone.
revoke all on registry.api_keys from strata_maintenance;
grant select (tenant_id, id, name, role, scopes, created_by, created_at, expires_at, revoked_at), insert,
  update (revoked_at), delete on registry.api_keys to strata_maintenance;

create trigger strata_audit_insert after insert on registry.api_keys
  referencing new table as new_rows for each statement execute function audit.record();
create trigger strata_audit_update after update on registry.api_keys
  referencing old table as old_rows new table as new_rows for each statement execute function audit.record();
create trigger strata_audit_delete after delete on registry.api_keys
  referencing old table as old_rows for each statement execute function audit.record();

-- What the guard remembers ends at once: it listens, and forgets the tenant that is named.

create function tenancy.tell_guard() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform pg_notify('strata_guard', to_jsonb(old) ->> tg_argv[0]);
  return null;
end
$$;
comment on function tenancy.tell_guard() is
  'After a change of a row: names its tenant to the guard; the argument is the column that holds the tenant';

create trigger tell_guard after update or delete on registry.tenants
  for each row execute function tenancy.tell_guard('id');
create trigger tell_guard after update or delete on registry.members
  for each row execute function tenancy.tell_guard('tenant_id');
create trigger tell_guard after update or delete on registry.api_keys
  for each row execute function tenancy.tell_guard('tenant_id');

-- The guard's questions.

create function tenancy.find_tenant(tenant uuid) returns table (slug text, status text)
language sql stable security definer set search_path = '' set row_security = on as $$
  select t.slug, t.status from registry.tenants t where t.id = tenant
$$;
comment on function tenancy.find_tenant(uuid) is 'For the guard: a tenant by its id';

create function tenancy.verify_api_key(key_id uuid, hash bytea)
returns table (tenant_id uuid, user_id uuid, role text, scopes text[], state text, expires_at timestamptz)
language sql stable security definer set search_path = '' set row_security = on as $$
  select k.tenant_id, k.created_by, case when k.role = 'admin' and m.role = 'admin' then 'admin' else 'member' end, k.scopes,
    case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end,
    k.expires_at
  from registry.api_keys k
  join registry.members m on m.tenant_id = k.tenant_id and m.user_id = k.created_by
  where k.id = key_id and k.secret_hash = hash
$$;
comment on function tenancy.verify_api_key(uuid, bytea) is
  'For the guard: whose key it is and what it opens; no row unless the hash of its secret is the right one';

create function tenancy.count_api_key_uses(keys uuid[], uses bigint[]) returns void
language sql security definer set search_path = '' set row_security = on as $$
  insert into registry.api_key_usage as u (tenant_id, key_id, use_count, last_used_at)
  select k.tenant_id, k.id, sum(n.uses), now()
  from unnest(keys, uses) as n (key_id, uses)
  join registry.api_keys k on k.id = n.key_id
  where n.uses > 0
  group by k.tenant_id, k.id
  order by k.tenant_id, k.id
  on conflict (tenant_id, key_id)
  do update set use_count = u.use_count + excluded.use_count, last_used_at = excluded.last_used_at
$$;
comment on function tenancy.count_api_key_uses(uuid[], bigint[]) is
  'For the guard: adds uses to keys, the same position in both lists';

grant usage on schema tenancy to strata_guard;
grant execute on function tenancy.find_tenant(uuid), tenancy.verify_api_key(uuid, bytea),
  tenancy.count_api_key_uses(uuid[], bigint[]) to strata_guard;

-- What an admin of a tenant does with its keys.

create function tenancy.require_key_admin() returns void
language plpgsql stable set search_path = '' as $$
begin
  if not tenancy.is_tenant_admin() then
    raise exception 'only an admin of the tenant has to do with its API keys' using
      errcode = 'insufficient_privilege', hint = 'Ask an admin, or sign in as one.';
  end if;
  -- Otherwise whoever finds a narrow key could make a wide one of it.
  if tenancy.session_claims() ? 'x-hasura-scopes' then
    raise exception 'an API key has nothing to do with API keys' using
      errcode = 'insufficient_privilege', hint = 'Sign in as a person.';
  end if;
end
$$;
comment on function tenancy.require_key_admin() is
  'Raises unless the session acts for a person who is an admin of the tenant';

create function tenancy.api_keys()
returns table (id uuid, name text, role text, scopes text[], created_by uuid, created_at timestamptz,
  expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, use_count bigint)
language plpgsql stable security definer set search_path = '' set row_security = on as $$
begin
  perform tenancy.require_key_admin();
  return query
  select k.id, k.name, k.role, k.scopes, k.created_by, k.created_at, k.expires_at, k.revoked_at,
    u.last_used_at, coalesce(u.use_count, 0)
  from registry.api_keys k
  left join registry.api_key_usage u on u.tenant_id = k.tenant_id and u.key_id = k.id
  order by k.created_at, k.id;
end
$$;
comment on function tenancy.api_keys() is 'The keys of the session''s tenant, for its admins; never what they prove';

create function tenancy.issue_api_key(name text, role text, scopes text[], expires_at timestamptz) returns text
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  key_id constant uuid := gen_random_uuid();
  -- Three times 122 random bits from the system, pressed into 256.
  secret constant bytea := sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  body constant text := format('strata_%s_%s', replace(key_id::text, '-', ''), encode(secret, 'hex'));
begin
  perform tenancy.require_key_admin();
  insert into registry.api_keys (tenant_id, id, secret_hash, name, role, scopes, created_by, expires_at)
  values (tenancy.require_tenant_id(), key_id, sha256(secret), name, role, scopes, tenancy.require_user_id(), expires_at);
  return body || left(encode(sha256(convert_to(body, 'UTF8')), 'hex'), 8);
end
$$;
comment on function tenancy.issue_api_key(text, text, text[], timestamptz) is
  'A new key of the session''s tenant, for its admins: the only time that it is shown';

create function tenancy.revoke_api_key(key_id uuid) returns boolean
language plpgsql security definer set search_path = '' set row_security = on as $$
begin
  perform tenancy.require_key_admin();
  update registry.api_keys k set revoked_at = now() where k.id = key_id and k.revoked_at is null;
  return found;
end
$$;
comment on function tenancy.revoke_api_key(uuid) is
  'Ends a key of the session''s tenant, for its admins; false when there is none that could be ended';

grant execute on function tenancy.api_keys(), tenancy.issue_api_key(text, text, text[], timestamptz),
  tenancy.revoke_api_key(uuid) to strata_tenant, strata_hasura;
