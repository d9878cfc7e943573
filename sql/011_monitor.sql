-- What monitoring may know: counts, never rows. The exporter logs in as strata_monitor.
--
-- A sequence counts new admins: no policy filters it, it costs no lock, and nobody reads a row to read it. A number that
-- was taken stays taken when its transaction is rolled back, so the count may be too high by what was not kept.

create sequence registry.admins_made minvalue 0 start 1;
comment on sequence registry.admins_made is 'How often somebody was made admin of a tenant';
revoke all on sequence registry.admins_made from strata_maintenance;

create function registry.count_admin() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform nextval('registry.admins_made');
  return null;
end
$$;
comment on function registry.count_admin() is 'Counts that somebody became admin of a tenant';
create trigger count_new_admin after insert on registry.members
for each row when (new.role = 'admin') execute function registry.count_admin();
create trigger count_promoted_admin after update on registry.members
for each row when (new.role = 'admin' and (old.role, old.user_id, old.tenant_id)
  is distinct from (new.role, new.user_id, new.tenant_id))
execute function registry.count_admin();

create function registry.figures() returns table (admins_made_total bigint)
language sql stable security definer set search_path = '' as $$
  select case when is_called then last_value else 0 end from registry.admins_made
$$;
comment on function registry.figures() is 'For monitoring: how often somebody was made admin of a tenant';

create function registry.checkpoints() returns table (requested_total bigint, timed_total bigint)
language plpgsql stable set search_path = '' as $$
begin
  -- They moved to a view of their own with Postgres 17.
  if pg_catalog.to_regclass('pg_catalog.pg_stat_checkpointer') is null then
    return query select checkpoints_req, checkpoints_timed from pg_catalog.pg_stat_bgwriter;
  else
    return query select num_requested, num_timed from pg_catalog.pg_stat_checkpointer;
  end if;
end
$$;
comment on function registry.checkpoints() is 'For monitoring: checkpoints since the counters were reset';

create function audit.gaps()
returns table (unwatched_tables bigint, changeable_partitions bigint, misplaced_rows bigint, months_ahead bigint)
language sql stable security definer set search_path = '' as $$
  with recursive tree (oid) as (
    select 'audit.log'::regclass::oid
    union all
    select i.inhrelid from pg_catalog.pg_inherits i join tree on i.inhparent = tree.oid
  )
  select
    -- Tables that a tenant's session may change, with one of the four triggers missing or off.
    (select count(*) from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema$)'
       and exists (
         select from pg_catalog.pg_attribute a
         cross join unnest(array['strata_tenant', 'strata_hasura']) as client
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and (pg_catalog.has_table_privilege(client, c.oid, 'insert, update, delete, truncate')
             or pg_catalog.has_column_privilege(client, c.oid, a.attnum, 'insert, update')))
       and 4 > (
         select count(distinct t.tgtype) from pg_catalog.pg_trigger t
         where t.tgrelid = c.oid and t.tgenabled in ('O', 'A') and t.tgfoid = 'audit.record()'::regprocedure)),
    (select count(*) from tree
     where not exists (
       select from pg_catalog.pg_trigger t
       where t.tgrelid = tree.oid and t.tgenabled in ('O', 'A')
         and t.tgfoid = 'audit.refuse_change()'::regprocedure)),
    -- One is as bad as many, and counting all would read the whole partition.
    (select count(*) from (select from audit.log_other limit 1) as misplaced),
    (select count(*) from generate_series(1, 36) as month
     where pg_catalog.to_regclass('audit.log_' || to_char(now() + month * interval '1 month', 'YYYY_MM')) is not null)
$$;
comment on function audit.gaps() is 'For monitoring: where changes could go unrecorded, as counts';

grant usage on schema registry, audit to strata_monitor;
grant execute on function registry.figures(), registry.checkpoints(), audit.gaps() to strata_monitor;
