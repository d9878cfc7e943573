-- A tenant's own quota of files comes before the platform's.

create or replace function storage.reserve(tenant uuid, member uuid, size bigint) returns void
language plpgsql set search_path = '' as $$
declare
  allowed storage.limits;
  kept storage.tenant_usage;
  own storage.user_usage;
  exceeded text;
begin
  select * into strict allowed from storage.limits;
  allowed.tenant_bytes := coalesce((select t.storage_bytes from registry.tenants t where t.id = tenant), allowed.tenant_bytes);
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
