-- Who changed which rows: primary keys only. A copy of every row would cost up to 43 % of the write throughput.

create table audit.log (
  id uuid not null default gen_random_uuid(),
  at timestamptz not null default now(),
  transaction_id xid8 not null default pg_current_xact_id(),
  login text not null default session_user,
  tenant_id uuid,
  user_id uuid default tenancy.current_user_id(),
  member_role text default tenancy.current_member_role(),
  relation text not null,
  operation text not null check (operation in ('insert', 'update', 'delete', 'truncate')),
  keys jsonb not null,
  primary key (at, id)
) partition by range (at);
comment on table audit.log is 'One row for each statement and tenant whose rows it changed';
comment on column audit.log.tenant_id is 'Whose rows changed; null for truncate, which concerns every tenant';
comment on column audit.log.user_id is 'Who acted, as the session''s claims say; null for maintenance';
comment on column audit.log.keys is 'Primary keys of the rows, without tenant_id: [{"id": "…"}, …]';
create index log_tenant on audit.log (tenant_id, at);

alter table audit.log enable row level security;
create policy auditor on audit.log for select to strata_auditor using (true);
grant select on audit.log to strata_auditor;

create function audit.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'the audit log is append-only: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
comment on function audit.refuse_change() is 'Keeps the audit log append-only, for its owner too';

create function audit.protect(part regclass) returns void
language plpgsql set search_path = '' as $$
begin
  -- Partitions can be named directly, and a statement's trigger fires only on what the statement names.
  execute format(
    'create trigger append_only before update or delete or truncate on %s
     for each statement execute function audit.refuse_change()', part);
  execute format('alter table %s enable row level security', part);
end
$$;
comment on function audit.protect(regclass) is 'Makes the log or a partition of it append-only';

create function audit.add_month(month date) returns void
language plpgsql set search_path = '' as $$
declare
  first constant date := date_trunc('month', month)::date;
  part constant text := format('audit.%I', 'log_' || to_char(first, 'YYYY_MM'));
begin
  if to_regclass(part) is not null then
    return;
  end if;
  execute format('create table %s partition of audit.log for values from (%L) to (%L)', part,
    first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
  perform audit.protect(part::regclass);
end
$$;
comment on function audit.add_month(date) is 'Makes the partition of a month, unless it is there';

create table audit.log_other partition of audit.log default;
comment on table audit.log_other is
  'What no month''s partition took: nothing is refused because a partition is missing';

select audit.protect('audit.log');
select audit.protect('audit.log_other');
select audit.add_month((now() + month * interval '1 month')::date) from generate_series(0, 24) as month;

create function audit.record() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  relation constant text := tg_relid::regclass;
  key constant text[] := array(
    select a.attname from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = tg_relid and i.indisprimary and a.attname <> 'tenant_id');
begin
  -- Statements of a fixed text are planned once in a session. Of a key that is not just an id, the rows are made JSON.
  if tg_op = 'TRUNCATE' then
    insert into audit.log (relation, operation, keys) values (relation, 'truncate', '[]');
  elsif tg_op = 'INSERT' and key = '{id}' then
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'insert', jsonb_agg(jsonb_build_object('id', r.id))
    from new_rows as r group by r.tenant_id;
  elsif tg_op = 'UPDATE' and key = '{id}' then
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'update', jsonb_agg(jsonb_build_object('id', r.id))
    from (select o.tenant_id, o.id from old_rows as o union select n.tenant_id, n.id from new_rows as n) as r
    group by r.tenant_id;
  elsif tg_op = 'DELETE' and key = '{id}' then
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'delete', jsonb_agg(jsonb_build_object('id', r.id))
    from old_rows as r group by r.tenant_id;
  elsif tg_op = 'INSERT' then
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'insert',
      jsonb_agg(coalesce((select jsonb_object_agg(k, to_jsonb(r) -> k) from unnest(key) as k), '{}'))
    from new_rows as r group by r.tenant_id;
  elsif tg_op = 'UPDATE' then
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'update', jsonb_agg(r.changed)
    from (
      select o.tenant_id,
        coalesce((select jsonb_object_agg(k, to_jsonb(o) -> k) from unnest(key) as k), '{}') as changed from old_rows as o
      union select n.tenant_id,
        coalesce((select jsonb_object_agg(k, to_jsonb(n) -> k) from unnest(key) as k), '{}') from new_rows as n
    ) as r group by r.tenant_id;
  else
    insert into audit.log (tenant_id, relation, operation, keys)
    select r.tenant_id, relation, 'delete',
      jsonb_agg(coalesce((select jsonb_object_agg(k, to_jsonb(r) -> k) from unnest(key) as k), '{}'))
    from old_rows as r group by r.tenant_id;
  end if;
  return null;
end
$$;
comment on function audit.record() is
  'After each statement: logs the keys in its transition tables new_rows and old_rows, for each tenant';
