-- strata: as admin
-- The outbox: what a change of a row, or the clock, asks a function to do. A trigger writes it in the transaction of the
-- change, so an event is there exactly when the change is. One row is one event for one function.
--
-- Row level security is FORCED, and the owner's own policies look at the login: its functions hand events out in the
-- sessions of strata_dispatcher (the worker) and of strata_migrator (an operator) and in no other, so that no function
-- of the owner, careless or not, shows a tenant anything of the outbox.

grant strata_owner to current_user;
create schema if not exists outbox authorization strata_owner;
comment on schema outbox is 'Events for functions, handed out by functions only';
grant usage on schema outbox to strata_dispatcher, strata_maintenance;
set local role strata_owner;

create table outbox.events (
  -- The order in which a row's changes happened: a row's lock is held while its number is drawn.
  position bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid() unique,
  function text not null,
  tenant_id uuid,
  relation text,
  operation text not null check (operation in ('insert', 'update', 'delete', 'tick')),
  key jsonb,
  old_row jsonb,
  new_row jsonb,
  oversized boolean not null default false,
  user_id uuid,
  member_role text,
  occurred_at timestamptz not null default now(),
  lane uuid not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'dead')),
  due_at timestamptz not null default now(),
  attempts bigint not null default 0,
  lease uuid,
  last_error text,
  ended_at timestamptz,
  constraint events_of_nobody check ((operation = 'tick') = (tenant_id is null))
);
comment on table outbox.events is 'One row for each event and function: waiting, done or given up';
comment on column outbox.events.id is 'What a handler is given to tell a repetition by';
comment on column outbox.events.tenant_id is 'Whose row changed; null for a tick of the clock, which is nobody''s';
comment on column outbox.events.key is 'Primary key of the row, without tenant_id';
comment on column outbox.events.oversized is 'The rows are not here because they are too big: read them by the key';
comment on column outbox.events.user_id is 'Who changed the row, as the session''s claims say; null for maintenance';
comment on column outbox.events.lane is 'Events of one lane are handed out one after the other: same function, same row';
comment on column outbox.events.due_at is 'Not handed out before: the end of a lease, or of the pause after a failure';
comment on column outbox.events.lease is 'Whoever holds this value may end the event; a new one for each time it is handed out';

create index events_pending on outbox.events (position) where state = 'pending';
create index events_pending_lane on outbox.events (lane, position) where state = 'pending';
create index events_dead on outbox.events (function) where state = 'dead';
create unique index events_tick on outbox.events (function, occurred_at) where operation = 'tick';

alter table outbox.events enable row level security, force row level security;
grant select, update, delete on outbox.events to strata_maintenance;
create policy maintenance on outbox.events to strata_maintenance using (true) with check (true);
create policy record on outbox.events for insert to strata_owner
  with check (pg_trigger_depth() > 0 or session_user = 'strata_dispatcher');
create policy dispatch_read on outbox.events for select to strata_owner
  using (session_user in ('strata_dispatcher', 'strata_migrator'));
create policy dispatch_update on outbox.events for update to strata_owner
  using (session_user in ('strata_dispatcher', 'strata_migrator'))
  with check (session_user in ('strata_dispatcher', 'strata_migrator'));
create policy dispatch_delete on outbox.events for delete to strata_owner
  using (session_user in ('strata_dispatcher', 'strata_migrator'));
-- Which tenants are there is asked when events are handed out and swept, and there only.
create policy dispatch on registry.tenants for select to strata_owner
  using (session_user = 'strata_dispatcher');

create function outbox.key_of(relation oid, changed jsonb) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_object_agg(a.attname, changed -> a.attname::text), '{}')
  from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = relation and i.indisprimary and a.attname <> 'tenant_id'
$$;
comment on function outbox.key_of(oid, jsonb) is 'Primary key of a row, without tenant_id';

create function outbox.write(
  for_function text, subject regclass, change text, before jsonb, after jsonb
) returns void
language plpgsql set search_path = '' as $$
declare
  -- Two of them fill a page of TOAST or so; what is bigger is read by its key when it is handled.
  longest constant int := 65536;
  tenant constant uuid := coalesce(after, before) ->> 'tenant_id';
  key constant jsonb := outbox.key_of(subject, coalesce(after, before));
  big constant boolean := coalesce(octet_length(before::text), 0) > longest or coalesce(octet_length(after::text), 0) > longest;
begin
  insert into outbox.events (
    function, tenant_id, relation, operation, key, old_row, new_row, oversized, user_id, member_role, lane
  ) values (
    for_function, tenant, subject::text, change, key,
    case when not big then before end, case when not big then after end, big,
    tenancy.current_user_id(), tenancy.current_member_role(),
    md5(concat_ws('/', for_function, subject::text, tenant, key))::uuid
  );
end
$$;
comment on function outbox.write(text, regclass, text, jsonb, jsonb) is 'Enters one event; only record() does';

create function outbox.record() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  before constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  if tg_op = 'UPDATE' and before -> 'tenant_id' <> after -> 'tenant_id' then
    -- Neither tenant may see the other's row.
    perform outbox.write(tg_argv[0], tg_relid, 'delete', before, null);
    perform outbox.write(tg_argv[0], tg_relid, 'insert', null, after);
  else
    perform outbox.write(tg_argv[0], tg_relid, lower(tg_op), before, after);
  end if;
  perform pg_notify('strata_outbox', '');
  return null;
end
$$;
comment on function outbox.record() is
  'After each row: enters an event for the function that the trigger names; wakes the workers when it commits';

reset role;
revoke strata_owner from current_user;
