-- strata: as admin
-- Tenants that move: writers wait meanwhile, and are sent on where a tenant is no more.

grant strata_owner to current_user;
set local role strata_owner;

create table registry.moves (
  tenant_id uuid primary key references registry.tenants on delete cascade,
  from_model text not null,
  from_shard text not null,
  to_model text not null,
  to_shard text not null,
  step text not null default 'copying' check (step in ('copying', 'switched')),
  started_at timestamptz not null default now(),
  switched_at timestamptz
);
comment on table registry.moves is 'Moves of tenants that are not over: copying, or moved with the old rows still there';

alter table registry.moves enable row level security, force row level security;
create policy maintenance on registry.moves to strata_maintenance using (true) with check (true);

create table tenancy.away (
  tenant_id uuid not null,
  schema text not null,
  since timestamptz not null default now(),
  primary key (tenant_id, schema)
);
comment on table tenancy.away is 'Tenants that have moved from here: whoever still writes to their old rows is refused';
alter table tenancy.away enable row level security, force row level security;
create policy maintenance on tenancy.away to strata_maintenance using (true) with check (true);
create policy hold on tenancy.away for select to strata_owner using (pg_trigger_depth() > 0);
grant select, insert, delete on tenancy.away to strata_maintenance;

create sequence tenancy.last_switch minvalue 0 start 0;
comment on sequence tenancy.last_switch is
  'Transaction of the last switch of a tenant: a sequence, because a snapshot that is older must see it';
grant usage, update on sequence tenancy.last_switch to strata_maintenance;

create function tenancy.hold_key(tenant uuid) returns bigint
language sql immutable strict parallel safe
return hashtextextended('strata.tenant ' || tenant::text, 0);
comment on function tenancy.hold_key(uuid) is 'The advisory lock that writers of a tenant share and its move has alone';
grant execute on function tenancy.hold_key(uuid) to strata_maintenance;

create function tenancy.hold() returns trigger
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  tenant constant uuid := tenancy.current_tenant_id();
begin
  if tenant is null then
    return null;
  end if;
  perform pg_advisory_xact_lock_shared(tenancy.hold_key(tenant));
  if exists (select from tenancy.away a where a.tenant_id = tenant and a.schema = tg_table_schema) then
    raise exception 'this tenant has moved: send the request again' using errcode = 'ST001';
  end if;
  -- With a snapshot of before the switch, the row above is not seen.
  if current_setting('transaction_isolation') <> 'read committed'
    and not pg_visible_in_snapshot((select last_value from tenancy.last_switch)::text::xid8, pg_current_snapshot()) then
    raise exception 'a tenant has moved since this transaction began: send it again' using errcode = 'serialization_failure';
  end if;
  return null;
end
$$;
comment on function tenancy.hold() is
  'After each statement that writes rows of tenants: waits while the tenant moves, and refuses where it is no more';

reset role;
revoke strata_owner from current_user;
