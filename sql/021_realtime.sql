-- strata: as admin
-- Changes of rows for those who listen: which row, never what is in it. A trigger writes one in the transaction of the
-- change. Readers ask for what they have not seen yet by a snapshot of transactions, because transactions do not end in
-- the order in which they began: what was seen up to a number would miss those that end later with a lower one.
--
-- Row level security is FORCED, and the owner's own policies look at the login: its functions tell changes in the
-- sessions of strata_realtime and in no other.

alter role strata_realtime connection limit 8;

grant strata_owner to current_user;
create schema if not exists realtime authorization strata_owner;
comment on schema realtime is 'Which rows have changed, told by functions only';
grant usage on schema realtime to strata_realtime, strata_maintenance;
set local role strata_owner;

create table realtime.changes (
  -- The order in which a row's changes happened: a row's lock is held while its number is drawn.
  position bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  tenant_id uuid not null,
  relation text not null,
  operation text not null check (operation in ('insert', 'update', 'delete')),
  key jsonb not null,
  owner uuid,
  at timestamptz not null default clock_timestamp()
);
comment on table realtime.changes is 'One row for each change of a row that listeners are told of, kept for minutes';
comment on column realtime.changes.xid is 'The transaction that made it: seen or not is a matter of snapshots';
comment on column realtime.changes.relation is 'As the declaration names it: app.notes, of a partition and in a tenant''s own schema too';
comment on column realtime.changes.key is 'Primary key of the row, without tenant_id';
comment on column realtime.changes.owner is 'Whose row it was, where the declaration names a column for that: for deletions, which nobody can look up';
create index changes_of_transaction on realtime.changes (xid);

create table realtime.marks (
  at timestamptz primary key,
  snapshot pg_snapshot not null,
  swept boolean not null default false
);
comment on table realtime.marks is 'What was over at a time: changes are deleted by it, never by when they began';
comment on column realtime.marks.swept is 'Changes that are over in this snapshot may be deleted already';

alter table realtime.changes enable row level security, force row level security;
alter table realtime.marks enable row level security, force row level security;
grant select, delete on realtime.changes to strata_maintenance;
create policy maintenance on realtime.changes to strata_maintenance using (true) with check (true);
create policy record on realtime.changes for insert to strata_owner with check (pg_trigger_depth() > 0);
create policy listen_read on realtime.changes for select to strata_owner
  using ((select session_user) = 'strata_realtime');
create policy listen_delete on realtime.changes for delete to strata_owner
  using ((select session_user) = 'strata_realtime');
create policy listen on realtime.marks to strata_owner
  using ((select session_user) = 'strata_realtime') with check ((select session_user) = 'strata_realtime');
create policy realtime on registry.tenants for select to strata_owner
  using ((select session_user) = 'strata_realtime');

create function realtime.write(relation text, change text, key jsonb, changed jsonb, owner_column text) returns void
language sql set search_path = '' set row_security = on as $$
  insert into realtime.changes (tenant_id, relation, operation, key, owner)
  values ((changed ->> 'tenant_id')::uuid, relation, change, key, (changed ->> owner_column)::uuid)
$$;
comment on function realtime.write(text, text, jsonb, jsonb, text) is 'Enters one change; only record() does';

create function realtime.record() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  before constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  was constant jsonb := case when tg_op <> 'INSERT' then outbox.key_of(tg_relid, before) end;
  becomes constant jsonb := case when tg_op <> 'DELETE' then outbox.key_of(tg_relid, after) end;
begin
  if tg_op = 'UPDATE' and (before -> 'tenant_id' <> after -> 'tenant_id' or was <> becomes) then
    -- Another key is another row to those who listen, and no tenant hears where a row came from or went.
    perform realtime.write(tg_argv[0], 'delete', was, before, tg_argv[1]);
    perform realtime.write(tg_argv[0], 'insert', becomes, after, tg_argv[1]);
  else
    perform realtime.write(
      tg_argv[0], lower(tg_op), coalesce(becomes, was), coalesce(after, before), tg_argv[1]);
  end if;
  -- Anybody may listen and notify, so it says nothing but that there is something to look for.
  perform pg_notify('strata_realtime', '');
  return null;
end
$$;
comment on function realtime.record() is
  'After each row: enters its change, as of the table and with the owner column that the trigger names; wakes listeners';

create function realtime.snapshot() returns pg_snapshot
language sql stable set search_path = '' as $$
  select pg_catalog.pg_current_snapshot()
$$;
comment on function realtime.snapshot() is 'What is over now: where a listener begins';

create function realtime.is_lost(seen pg_snapshot) returns boolean
language sql stable security definer set search_path = '' set row_security = on as $$
  -- One from the future is another cluster's, or from before a restore.
  select pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot())
    or exists (
      select from realtime.marks m
      where m.swept and (pg_snapshot_xmax(seen) < pg_snapshot_xmax(m.snapshot)
        or exists (select from pg_snapshot_xip(seen) as running (xid) where pg_visible_in_snapshot(running.xid, m.snapshot))))
$$;
comment on function realtime.is_lost(pg_snapshot) is
  'Whether changes after this snapshot may be deleted already, or it is none of this cluster';

create function realtime.since(seen pg_snapshot, most int)
returns table (present pg_snapshot, tenant_id uuid, relation text, operation text, key jsonb, owner uuid, at timestamptz)
language sql stable security definer set search_path = '' set row_security = on as $$
  with lost as materialized (select realtime.is_lost(seen) as everything),
  unseen as (
    select c.*, row_number() over (partition by c.tenant_id order by c.position) as number
    from realtime.changes c
    where not (select everything from lost)
      and c.xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(c.xid, seen)
      and exists (select from registry.tenants t where t.id = c.tenant_id and t.status = 'active')
  )
  select pg_current_snapshot(), u.tenant_id,
    case when u.number <= most then u.relation end,
    case when u.number <= most then u.operation when u.number > most or lost.everything then 'gap' end,
    case when u.number <= most then u.key end, u.owner, u.at
  from lost left join unseen u on u.number <= most + 1
  order by u.position
$$;
comment on function realtime.since(pg_snapshot, int) is
  'What has changed since a snapshot, in order, and the present one, which is there when nothing has. The operation gap: '
  'of this tenant more than so much has changed; without a tenant: what was after the snapshot cannot be told any more';

create function realtime.sweep(keep interval) returns bigint
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  mark realtime.marks;
  gone bigint := 0;
begin
  lock table realtime.marks in exclusive mode;
  insert into realtime.marks (at, snapshot) values (clock_timestamp(), pg_current_snapshot());
  select * into mark from realtime.marks m where m.at < clock_timestamp() - keep order by m.at desc limit 1;
  if found then
    with over as materialized (
      select c.position from realtime.changes c
      where c.xid < pg_snapshot_xmax(mark.snapshot) and pg_visible_in_snapshot(c.xid, mark.snapshot)
      limit 10000)
    delete from realtime.changes c using over where c.position = over.position;
    get diagnostics gone = row_count;
    delete from realtime.marks m where m.at < mark.at;
    update realtime.marks m set swept = true where m.at = mark.at;
  end if;
  return gone;
end
$$;
comment on function realtime.sweep(interval) is
  'Deletes changes that were over that long ago by the marks of earlier calls, so it is called more often than that; 10000 at most';

grant execute on function realtime.snapshot(), realtime.since(pg_snapshot, int), realtime.sweep(interval) to strata_realtime;

reset role;
revoke strata_owner from current_user;
