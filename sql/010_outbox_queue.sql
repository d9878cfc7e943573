-- strata: as admin
-- How the events of the outbox are handed out: leases, retries with pauses, dead letters.

grant strata_owner to current_user;
set local role strata_owner;

create function outbox.tick(for_function text, at timestamptz) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
  entered int;
begin
  insert into outbox.events (function, operation, occurred_at, lane)
  select for_function, 'tick', at, md5(for_function)::uuid
  where not exists (
    select from outbox.events where lane = md5(for_function)::uuid and state = 'pending')
  on conflict (function, occurred_at) where operation = 'tick' do nothing;
  get diagnostics entered = row_count;
  if entered > 0 then
    perform pg_notify('strata_outbox', '');
  end if;
  return entered > 0;
end
$$;
comment on function outbox.tick(text, timestamptz) is
  'Enters a tick of the clock, unless another worker has, or the one before is not done yet; true when it was entered';

create function outbox.claim(functions text[], most int, lease_time interval, most_attempts int)
returns table (
  id uuid, lease uuid, function text, tenant_id uuid, relation text, operation text, key jsonb, old_row jsonb,
  new_row jsonb, oversized boolean, user_id uuid, member_role text, occurred_at timestamptz, attempts int
)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  -- In a CTE, because a join would ask again, and take what is locked out of the way, for each row that it compares.
  -- An event that ends its worker each time must end some time too.
  with given_up as materialized (
    select position from outbox.events
    where state = 'pending' and due_at <= clock_timestamp() and attempts >= most_attempts and function = any (functions)
    order by position limit 100 for update skip locked)
  update outbox.events e
  set state = 'dead', ended_at = clock_timestamp(), lease = null,
    last_error = coalesce(e.last_error, 'the worker ended before the function did')
  from given_up where e.position = given_up.position;

  return query
  with due as materialized (
    select w.position from outbox.events w
    where w.state = 'pending' and w.due_at <= clock_timestamp() and w.function = any (functions)
      and not exists (
        select from outbox.events earlier
        where earlier.lane = w.lane and earlier.state = 'pending' and earlier.position < w.position)
      and (w.tenant_id is null
        or exists (select from registry.tenants t where t.id = w.tenant_id and t.status = 'active'))
    order by w.position limit most for update of w skip locked),
  held as (
    update outbox.events e
    set due_at = clock_timestamp() + lease_time, attempts = e.attempts + 1, lease = gen_random_uuid()
    from due where e.position = due.position
    returning e.*)
  select h.id, h.lease, h.function, h.tenant_id, h.relation, h.operation, h.key, h.old_row, h.new_row, h.oversized,
    h.user_id, h.member_role, h.occurred_at, h.attempts::int
  from held h order by h.position;
end
$$;
comment on function outbox.claim(text[], int, interval, int) is
  'Hands out what is due, oldest first, each to one caller until its lease ends; one at a time of each row; of active tenants';

create function outbox.complete(event uuid, held uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  -- What was handled is kept as a record without its contents.
  update outbox.events set state = 'done', ended_at = clock_timestamp(), lease = null, old_row = null, new_row = null
  where id = event and lease = held and state = 'pending';
  return found;
end
$$;
comment on function outbox.complete(uuid, uuid) is 'Ends an event; false when the lease went to somebody else';

create function outbox.fail(event uuid, held uuid, error text, most_attempts int) returns text
language plpgsql security definer set search_path = '' as $$
declare
  became text;
begin
  update outbox.events set
    state = case when attempts >= most_attempts then 'dead' else 'pending' end,
    ended_at = case when attempts >= most_attempts then clock_timestamp() end,
    -- 1, 2, 4 … seconds, an hour at most, and up to half of it less, so that what failed together comes back apart.
    due_at = clock_timestamp() + least(3600, power(2, least(attempts, 13) - 1)) * (1 - random() / 2) * interval '1 second',
    lease = null,
    last_error = left(error, 2000)
  where id = event and lease = held and state = 'pending'
  returning state into became;
  return became;
end
$$;
comment on function outbox.fail(uuid, uuid, text, int) is
  'Puts an event back until a pause has passed, or gives it up after so many attempts; its state, null for a lost lease';

create function outbox.requeue(of_function text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  again bigint;
begin
  update outbox.events set state = 'pending', ended_at = null, attempts = 0, due_at = clock_timestamp()
  where state = 'dead' and function = of_function;
  get diagnostics again = row_count;
  perform pg_notify('strata_outbox', '');
  return again;
end
$$;
comment on function outbox.requeue(text) is 'Dead letters of a function are tried again; how many';

create function outbox.sweep(keep interval) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  gone bigint;
begin
  with over as materialized (
    select e.position from outbox.events e
    where e.state = 'done' and e.ended_at < clock_timestamp() - keep
      or e.tenant_id is not null and not exists (select from registry.tenants t where t.id = e.tenant_id)
    limit 10000 for update of e skip locked)
  delete from outbox.events e using over where e.position = over.position;
  get diagnostics gone = row_count;
  return gone;
end
$$;
comment on function outbox.sweep(interval) is 'Deletes what was done that long ago, and everything of tenants that are gone; 10000 events at most';

create function outbox.status()
returns table (function text, pending bigint, dead bigint, oldest_seconds double precision)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select e.function, count(*) filter (where e.state = 'pending'), count(*) filter (where e.state = 'dead'),
    coalesce(extract(epoch from clock_timestamp() - min(e.occurred_at) filter (where e.state = 'pending')), 0)::float8
  from outbox.events e where e.state in ('pending', 'dead') group by e.function order by e.function;
end
$$;
comment on function outbox.status() is 'How much waits for each function, for how long, and how much was given up';

create function outbox.active_tenants() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select id from registry.tenants where status = 'active' order by id;
end
$$;
comment on function outbox.active_tenants() is 'For what the clock does in each tenant';

grant execute on function outbox.tick(text, timestamptz), outbox.claim(text[], int, interval, int),
  outbox.complete(uuid, uuid), outbox.fail(uuid, uuid, text, int), outbox.sweep(interval), outbox.active_tenants()
  to strata_dispatcher;
grant execute on function outbox.requeue(text), outbox.status() to strata_dispatcher, strata_maintenance;

reset role;
revoke strata_owner from current_user;
