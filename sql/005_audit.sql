-- Keys only: whole rows would cost about half of the write throughput and copy personal data.
create table audit.log (
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  tenant_id uuid,
  user_id uuid,
  login text not null default session_user,
  relation text not null,
  command text not null,
  key jsonb not null,
  transaction xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
comment on table audit.log is 'One entry for each row that was inserted, updated or deleted in a fenced table; never changed';
create index log_tenant on audit.log (tenant_id, at);
create table audit.log_default partition of audit.log default;

do $$
begin
  for y in 2026..2035 loop
    execute format(
      'create table audit.log_%s partition of audit.log for values from (%L) to (%L)',
      y, make_date(y, 1, 1), make_date(y + 1, 1, 1)
    );
  end loop;
end
$$;

create function audit.record() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  key_columns text;
begin
  select pg_catalog.string_agg(pg_catalog.format('%L, changed.%I', a.attname, a.attname), ', ')
  into key_columns
  from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = tg_relid and i.indisprimary and a.attname <> 'tenant_id';
  execute pg_catalog.format(
    'insert into audit.log (tenant_id, user_id, relation, command, key) '
    'select changed.tenant_id, tenancy.current_user_id(), %L, %L, pg_catalog.jsonb_build_object(%s) from changed',
    tg_table_schema || '.' || tg_table_name, lower(tg_op), coalesce(key_columns, '')
  );
  return null;
end
$$;
comment on function audit.record() is
  'Statement trigger of fenced tables: enters the keys of the changed rows, which its transition table "changed" holds';

create function audit.refuse() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise insufficient_privilege using message = 'the audit log can only grow';
end
$$;
comment on function audit.refuse() is 'Trigger that keeps even the owner from changing the audit log';
create trigger only_grows before update or delete on audit.log
  for each row execute function audit.refuse();
create trigger only_grows_whole before truncate on audit.log
  for each statement execute function audit.refuse();

grant select on audit.log to strata_auditor;
