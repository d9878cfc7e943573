-- strata: as admin
-- Files that tenants keep in the object store: who may see and change which, and how much each may keep.
--
-- The storage service logs in as strata_authenticator. For a request it becomes strata_tenant, for one transaction and
-- with the caller's claims. What it is granted as itself, without any claims, are the functions at the end: they run as
-- strata_owner, whom FORCE filters too, so they see what the policies for the owner show and nothing else.
-- A row comes before its object and goes after it, so an interruption leaves a row that says what to sweep.

grant strata_owner to current_user;
create schema storage authorization strata_owner;
comment on schema storage is 'Files in the object store: their rows, and how much each tenant and user keeps';
set local role strata_owner;

create table storage.files (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  owner_id uuid default tenancy.require_user_id(),
  name text not null check (char_length(name) between 1 and 255),
  mime_type text not null check (mime_type ~ '^[a-z0-9.+-]{1,63}/[a-z0-9.+-]{1,63}$'),
  size bigint not null check (size between 0 and 5368709120),
  visibility text not null default 'private' check (visibility in ('private', 'tenant', 'public')),
  status text not null default 'pending' check (status in ('pending', 'uploading', 'ready', 'missing', 'deleting')),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now() check (isfinite(created_at)),
  expires_at timestamptz default now() + interval '15 minutes',
  primary key (tenant_id, id),
  constraint files_owner foreign key (tenant_id, owner_id) references registry.members on delete set null (owner_id),
  constraint files_lasting check ((status in ('ready', 'missing')) = (expires_at is null)),
  constraint files_hashed check (status not in ('ready', 'missing') or sha256 is not null)
);
comment on table storage.files is 'A row for each file; its object has the key <tenant_id>/<id>';
comment on column storage.files.owner_id is 'Who keeps it; null once that member has left the tenant';
comment on column storage.files.visibility is 'private: its owner and admins; tenant: members; public: anybody';
comment on column storage.files.status is 'pending → uploading → ready → deleting; missing: ready, but its object is gone';
comment on column storage.files.expires_at is 'When the sweeper removes it; null for what is to stay';
create index files_newest on storage.files (tenant_id, created_at, id);
create index files_of_owner on storage.files (tenant_id, owner_id);
create index files_unfinished on storage.files (tenant_id, expires_at) where expires_at is not null;

create table storage.tenant_usage (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  bytes bigint not null check (bytes >= 0),
  files bigint not null check (files >= 0),
  primary key (tenant_id)
);
comment on table storage.tenant_usage is 'What a tenant keeps, unfinished uploads too; only the trigger on files writes it';

create table storage.user_usage (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  user_id uuid not null,
  bytes bigint not null check (bytes >= 0),
  files bigint not null check (files >= 0),
  primary key (tenant_id, user_id),
  constraint user_usage_member foreign key (tenant_id, user_id) references registry.members on delete cascade
);
comment on table storage.user_usage is 'What a member keeps in a tenant; only the trigger on files writes it';

create table storage.limits (
  only_row boolean primary key default true check (only_row),
  file_bytes bigint not null check (file_bytes > 0),
  tenant_bytes bigint not null check (tenant_bytes > 0),
  tenant_files bigint not null check (tenant_files > 0),
  user_bytes bigint not null check (user_bytes > 0),
  user_files bigint not null check (user_files > 0)
);
comment on table storage.limits is 'What the config allows; the storage service sets it when it starts';

create function storage.active_tenant_slug() returns text
language sql stable parallel safe security definer set search_path = '' set row_security = on as $$
  select slug from registry.tenants where id = tenancy.current_tenant_id() and status = 'active'
$$;
comment on function storage.active_tenant_slug() is 'Slug of the session''s tenant; null while it is suspended';

create function storage.check_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.status <> old.status and new.status <> 'deleting' and (old.status, new.status) not in (
    ('pending', 'uploading'), ('uploading', 'ready'), ('ready', 'missing'), ('missing', 'ready')) then
    raise exception 'a file that is % does not become %', old.status, new.status using errcode = 'check_violation';
  end if;
  new.expires_at := case new.status
    when 'pending' then old.expires_at
    when 'uploading' then now() + interval '1 hour'
    when 'deleting' then now() + interval '1 minute'
  end;
  return new;
end
$$;
comment on function storage.check_change() is 'Keeps files to their order of states, and says when each may be swept';

create function storage.reserve(tenant uuid, member uuid, size bigint) returns void
language plpgsql set search_path = '' as $$
declare
  allowed storage.limits;
  kept storage.tenant_usage;
  own storage.user_usage;
  exceeded text;
begin
  select * into strict allowed from storage.limits;
  -- A tenant's own quota comes before the platform's (013 adds its column).
  allowed.tenant_bytes := coalesce((select storage_bytes from registry.tenants where id = tenant), allowed.tenant_bytes);
  -- The tenant's row stays locked until the transaction ends, so uploads side by side are counted one after the other.
  insert into storage.tenant_usage as u (tenant_id, bytes, files) values (tenant, size, 1)
  on conflict (tenant_id) do update set bytes = u.bytes + excluded.bytes, files = u.files + 1
  returning * into kept;
  if member is not null then
    insert into storage.user_usage as u (tenant_id, user_id, bytes, files) values (tenant, member, size, 1)
    on conflict (tenant_id, user_id) do update set bytes = u.bytes + excluded.bytes, files = u.files + 1
    returning * into own;
  end if;
  exceeded := case
    when size > allowed.file_bytes then 'file_bytes'
    when kept.bytes > allowed.tenant_bytes then 'tenant_bytes'
    when kept.files > allowed.tenant_files then 'tenant_files'
    when own.bytes > allowed.user_bytes then 'user_bytes'
    when own.files > allowed.user_files then 'user_files'
  end;
  if exceeded is not null then
    raise 'this upload exceeds the limit %', exceeded using errcode = '53400', constraint = exceeded;
  end if;
end
$$;
comment on function storage.reserve(uuid, uuid, bigint) is 'Counts one more file, or raises 53400 with the limit''s name';

create function storage.account() returns trigger
language plpgsql security definer set search_path = '' set row_security = on as $$
begin
  if tg_op = 'INSERT' then
    perform storage.reserve(new.tenant_id, new.owner_id, new.size);
    return null;
  end if;
  -- An update is of the owner, when a member has left: the tenant keeps the file, and it counts for nobody else.
  -- Rows of a tenant or member that is being deleted may be gone already. Locks are taken in the order of reserve().
  if tg_op = 'DELETE' then
    update storage.tenant_usage set bytes = bytes - old.size, files = files - 1 where tenant_id = old.tenant_id;
  end if;
  update storage.user_usage set bytes = bytes - old.size, files = files - 1
  where tenant_id = old.tenant_id and user_id = old.owner_id;
  return null;
end
$$;
comment on function storage.account() is 'Keeps what tenants and users keep in step with the rows, in the same transaction';

create trigger check_change before update on storage.files for each row execute function storage.check_change();
-- After the row: policies have spoken, so nobody learns of a limit by a row that is refused.
create trigger account after insert or delete on storage.files for each row execute function storage.account();
create trigger account_owner after update of owner_id on storage.files
for each row when (old.owner_id is distinct from new.owner_id) execute function storage.account();
create trigger strata_audit_insert after insert on storage.files referencing new table as new_rows
for each statement execute function audit.record();
create trigger strata_audit_update after update on storage.files referencing old table as old_rows new table as new_rows
for each statement execute function audit.record();
create trigger strata_audit_delete after delete on storage.files referencing old table as old_rows
for each statement execute function audit.record();
create trigger strata_audit_truncate after truncate on storage.files for each statement execute function audit.record();

-- Policies, in the form that components/tenancy/compile.ts gives those of the application.
alter table storage.files enable row level security, force row level security;
alter table storage.tenant_usage enable row level security, force row level security;
alter table storage.user_usage enable row level security, force row level security;
alter table storage.limits enable row level security, force row level security;

create policy tenant_floor on storage.files as restrictive to strata_tenant
  using (tenant_id = (select tenancy.current_tenant_id()) and (select tenancy.is_tenant_member())
    and (select storage.active_tenant_slug()) is not null)
  with check (tenant_id = (select tenancy.current_tenant_id()) and (select tenancy.is_tenant_member())
    and (select storage.active_tenant_slug()) is not null);
create policy tenant_read on storage.files for select to strata_tenant
  using (tenant_id = (select tenancy.current_tenant_id()) and (visibility <> 'private'
    or owner_id = (select tenancy.current_user_id()) or (select tenancy.is_tenant_admin())));
create policy tenant_insert on storage.files for insert to strata_tenant
  with check (tenant_id = (select tenancy.current_tenant_id()) and owner_id = (select tenancy.current_user_id())
    and status = 'pending');
create policy tenant_update on storage.files for update to strata_tenant
  using (tenant_id = (select tenancy.current_tenant_id())
    and (owner_id = (select tenancy.current_user_id()) or (select tenancy.is_tenant_admin())))
  with check (tenant_id = (select tenancy.current_tenant_id())
    and (owner_id = (select tenancy.current_user_id()) or (select tenancy.is_tenant_admin())));
-- A row that went before its object would leave an object that nobody knows of.
create policy tenant_delete on storage.files for delete to strata_tenant
  using (tenant_id = (select tenancy.current_tenant_id()) and status = 'deleting'
    and (owner_id = (select tenancy.current_user_id()) or (select tenancy.is_tenant_admin())));
create policy maintenance on storage.files to strata_maintenance using (true) with check (true);

-- The owner's functions: in the service's own transactions, which have no claims, and never in one of a tenant.
create policy service on storage.files for select to strata_owner
  using ((visibility = 'public' and status = 'ready' or expires_at < now())
    and (select session_user) = 'strata_authenticator' and not (select tenancy.has_claims()));
create policy service on registry.tenants for select to strata_owner
  using (id = (select tenancy.current_tenant_id())
    or (select session_user) = 'strata_authenticator' and not (select tenancy.has_claims()));

-- Only the trigger counts, whoever deletes files or members; only the service reads figures and sets limits.
create policy accounting on storage.tenant_usage to strata_owner
  using (pg_trigger_depth() > 0) with check (pg_trigger_depth() > 0);
create policy accounting on storage.user_usage to strata_owner
  using (pg_trigger_depth() > 0) with check (pg_trigger_depth() > 0);
create policy accounting on storage.limits for select to strata_owner using (pg_trigger_depth() > 0);
create policy service on storage.tenant_usage for select to strata_owner
  using ((select session_user) = 'strata_authenticator' and not (select tenancy.has_claims()));
create policy service on storage.limits to strata_owner
  using ((select session_user) = 'strata_authenticator' and not (select tenancy.has_claims()))
  with check ((select session_user) = 'strata_authenticator' and not (select tenancy.has_claims()));

create function storage.set_limits(
  file_bytes bigint, tenant_bytes bigint, tenant_files bigint, user_bytes bigint, user_files bigint) returns void
language sql security definer set search_path = '' set row_security = on as $$
  insert into storage.limits as l (file_bytes, tenant_bytes, tenant_files, user_bytes, user_files)
  values (file_bytes, tenant_bytes, tenant_files, user_bytes, user_files)
  on conflict (only_row) do update set file_bytes = excluded.file_bytes, tenant_bytes = excluded.tenant_bytes,
    tenant_files = excluded.tenant_files, user_bytes = excluded.user_bytes, user_files = excluded.user_files
$$;
comment on function storage.set_limits(bigint, bigint, bigint, bigint, bigint) is 'For the service: what may be kept';

create function storage.public_file(tenant_slug text, file uuid)
returns table (tenant_id uuid, id uuid, name text, mime_type text, size bigint, sha256 text)
language sql stable security definer set search_path = '' set row_security = on as $$
  select f.tenant_id, f.id, f.name, f.mime_type, f.size, f.sha256
  from storage.files f join registry.tenants t on t.id = f.tenant_id
  where t.slug = tenant_slug and t.status = 'active' and f.id = file and f.visibility = 'public' and f.status = 'ready'
$$;
comment on function storage.public_file(text, uuid) is 'For the service: a public file of a tenant that is not suspended';

create function storage.tenants() returns table (tenant_id uuid, unfinished boolean)
language sql stable security definer set search_path = '' set row_security = on as $$
  select u.tenant_id,
    exists (select from storage.files f where f.tenant_id = u.tenant_id and f.expires_at < now())
  from storage.tenant_usage u join registry.tenants t on t.id = u.tenant_id where t.status = 'active'
$$;
comment on function storage.tenants() is 'For the service: tenants with files, and whether some are to be swept';

create function storage.usage_figures(top bigint) returns table (tenant text, bytes bigint, files bigint)
language sql stable security definer set search_path = '' set row_security = on as $$
  select case when u.place <= top then t.slug else '_others' end, sum(u.bytes)::bigint, sum(u.files)::bigint
  from (select *, row_number() over (order by bytes desc, tenant_id) as place from storage.tenant_usage) u
  join registry.tenants t on t.id = u.tenant_id
  group by 1
$$;
comment on function storage.usage_figures(bigint) is 'For the service: the tenants that keep most, and the rest as one';

grant usage on schema storage to strata_tenant, strata_authenticator, strata_maintenance;
grant execute on function storage.active_tenant_slug() to strata_tenant;
grant execute on function storage.set_limits(bigint, bigint, bigint, bigint, bigint), storage.public_file(text, uuid),
  storage.tenants(), storage.usage_figures(bigint) to strata_authenticator;
grant select, insert (name, mime_type, size, visibility), update (status, sha256), delete on storage.files to strata_tenant;
grant select, insert, update, delete on storage.files to strata_maintenance;
reset role;
revoke strata_owner from current_user;
