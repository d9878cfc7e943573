/*
 * Figures that are asked for in SQL, for postgres_exporter's file of queries. Ours, because the exporter's own names for
 * the same things changed from version to version; all begin with the name of the query. Run as strata_monitor.
 */

type Usage = 'LABEL' | 'GAUGE' | 'COUNTER';

interface Query {
  readonly query: string;
  readonly metrics: readonly Readonly<
    Record<string, { readonly usage: Usage; readonly description: string }>
  >[];
}

function figure(name: string, usage: Usage, description: string) {
  return { [name]: { usage, description } };
}

export const databaseFigures: Readonly<Record<string, Query>> = {
  strata_database: {
    query: `select
        (select max(age(datfrozenxid)) from pg_database where datallowconn) as oldest_transaction_id_age,
        (select count(*) from pg_stat_activity where wait_event_type = 'Lock') as waiting_for_locks,
        coalesce((select max(extract(epoch from now() - xact_start)) from pg_stat_activity
          where backend_type = 'client backend' and state <> 'idle'), 0) as longest_transaction_seconds,
        (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections,
        (select setting::int from pg_settings where name = 'max_connections') as max_connections,
        (select sum(deadlocks) from pg_stat_database) as deadlocks_total,
        (select sum(xact_commit) from pg_stat_database) as commits_total,
        (select sum(xact_rollback) from pg_stat_database) as rollbacks_total,
        (select sum(blks_hit) from pg_stat_database) as blocks_hit_total,
        (select sum(blks_read) from pg_stat_database) as blocks_read_total,
        (select failed_count from pg_stat_archiver) as archive_failures_total,
        -- Of those that it may ask about: a managed server has one that is not its users'.
        (select sum(pg_database_size(oid)) from pg_database
          where has_database_privilege(oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')) as size_bytes,
        pg_is_in_recovery()::int as in_recovery`,
    metrics: [
      figure(
        'oldest_transaction_id_age',
        'GAUGE',
        'Transactions since the oldest that is not frozen',
      ),
      figure('waiting_for_locks', 'GAUGE', 'Sessions that wait for a lock'),
      figure('longest_transaction_seconds', 'GAUGE', 'Age of the oldest open transaction'),
      figure('connections', 'GAUGE', 'Sessions of clients'),
      figure('max_connections', 'GAUGE', 'Sessions that there can be'),
      figure('deadlocks_total', 'COUNTER', 'Deadlocks'),
      figure('commits_total', 'COUNTER', 'Transactions that were kept'),
      figure('rollbacks_total', 'COUNTER', 'Transactions that were taken back'),
      figure('blocks_hit_total', 'COUNTER', 'Blocks that were in memory'),
      figure('blocks_read_total', 'COUNTER', 'Blocks that were read'),
      figure('archive_failures_total', 'COUNTER', 'Pieces of the log that could not be archived'),
      figure('size_bytes', 'GAUGE', 'All databases'),
      figure('in_recovery', 'GAUGE', '1 on a replica'),
    ],
  },
  strata_replica: {
    query: `select application_name as replica,
        coalesce(extract(epoch from replay_lag), 0) as lag_seconds,
        pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) as lag_bytes
      from pg_stat_replication where application_name <> 'pg_basebackup' and not pg_is_in_recovery()`,
    metrics: [
      figure('replica', 'LABEL', 'Its name'),
      figure('lag_seconds', 'GAUGE', 'How old what it shows is'),
      figure('lag_bytes', 'GAUGE', 'How much it has not replayed'),
    ],
  },
  strata_slot: {
    query: `select slot_name as slot, active::int as active,
        coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0) as held_bytes
      from pg_replication_slots where not pg_is_in_recovery()`,
    metrics: [
      figure('slot', 'LABEL', 'Its name'),
      figure('active', 'GAUGE', '1 when somebody reads it'),
      figure('held_bytes', 'GAUGE', 'Log that cannot be removed because of it'),
    ],
  },
  // From here on sql/011_monitor.sql: counts, never rows.
  strata_checkpoints: {
    query: 'select * from registry.checkpoints()',
    metrics: [
      figure('requested_total', 'COUNTER', 'Checkpoints because too much had been written'),
      figure('timed_total', 'COUNTER', 'Checkpoints because it was time'),
    ],
  },
  strata_registry: {
    query: 'select * from registry.figures()',
    metrics: [
      figure('admins_made_total', 'COUNTER', 'How often somebody was made admin of a tenant'),
    ],
  },
  strata_audit: {
    query: 'select * from audit.gaps()',
    metrics: [
      figure('unwatched_tables', 'GAUGE', 'Tables that tenants can change without a trace'),
      figure('changeable_partitions', 'GAUGE', 'Parts of the log that are not append-only'),
      figure('misplaced_rows', 'GAUGE', 'Rows of months that have no partition'),
      figure('months_ahead', 'GAUGE', 'Months from the next one on that have a partition'),
    ],
  },
};
