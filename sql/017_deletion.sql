-- strata: as admin
-- What is left of a tenant that was deleted: a receipt that names nobody.

grant strata_owner to current_user;
set local role strata_owner;

create table registry.tombstones (
  tenant_hash text primary key check (tenant_hash ~ '^[0-9a-f]{64}$'),
  export_sha256 text not null check (export_sha256 ~ '^[0-9a-f]{64}$'),
  rows bigint not null,
  deleted_at timestamptz not null default now()
);
comment on table registry.tombstones is 'Receipts of deleted tenants: the SHA-256 of an id names nobody who does not know the id';

alter table registry.tombstones enable row level security, force row level security;
create policy maintenance on registry.tombstones to strata_maintenance using (true) with check (true);

-- A tenant that is deleted leaves nothing, its lines in the audit log among it.

create or replace function audit.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'DELETE' and current_setting('audit.forgetting', true) = 'on' and current_user = 'strata_owner'::regrole::text
    and (select session_user) = 'strata_migrator' then
    return null;
  end if;
  raise exception 'the audit log is append-only: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
comment on function audit.refuse_change() is 'Keeps the audit log append-only, for its owner too; audit.forget() alone may pass';

create function audit.forget(tenant uuid) returns bigint
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  gone bigint;
begin
  if not exists (select from registry.tenants t where t.id = tenant and t.status = 'deleting') then
    raise exception 'only of a tenant that is being deleted is the audit log forgotten' using
      errcode = 'insufficient_privilege';
  end if;
  perform set_config('audit.forgetting', 'on', true);
  delete from audit.log l where l.tenant_id = tenant;
  get diagnostics gone = row_count;
  perform set_config('audit.forgetting', '', true);
  return gone;
end
$$;
comment on function audit.forget(uuid) is
  'For maintenance: takes the lines of a tenant that is being deleted out of the audit log; how many';
create policy forget on registry.tenants for select to strata_owner using ((select session_user) = 'strata_migrator');
grant usage on schema audit to strata_maintenance;
grant execute on function audit.forget(uuid) to strata_maintenance;

reset role;
revoke strata_owner from current_user;
