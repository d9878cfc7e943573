import type { Rule } from './rule';

/** Postgres, by the exporter's figures and those of database-figures.ts. */
export const databaseRules: readonly Rule[] = [
  {
    alert: 'PostgresDown',
    expr: 'pg_up == 0',
    for: '1m',
    severity: 'critical',
    summary: 'Postgres does not answer',
    description:
      'The platform cannot work without it; or the monitoring role can no longer log in.',
  },
  {
    alert: 'MonitoringQueriesFail',
    expr: 'pg_exporter_user_queries_load_error == 1 or absent(strata_database_connections)',
    for: '5m',
    severity: 'warning',
    summary: 'The figures that we ask Postgres for are missing',
    description: 'Other alerts about the database are blind. A query fails, or a right is missing.',
  },
  {
    alert: 'PostgresConnectionsFull',
    expr: 'strata_database_connections / strata_database_max_connections > 0.85',
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the connections are used',
    description: 'At the limit Postgres turns everybody away, migrations and health checks too.',
  },
  {
    alert: 'PostgresReplicaLags',
    expr: 'strata_replica_lag_seconds > 60 or strata_replica_lag_bytes > 1e9',
    for: '5m',
    severity: 'warning',
    summary: 'The replica {{ $labels.replica }} is behind',
    description: 'What it shows is old, and that much would be lost if it took over now.',
  },
  {
    alert: 'PostgresSlotHoldsLog',
    expr: 'strata_slot_held_bytes > 5e9',
    for: '10m',
    severity: 'warning',
    summary: 'The slot {{ $labels.slot }} holds {{ $value | humanize1024 }}B of log',
    description: 'Nobody reads it fast enough, so its log fills the disk.',
  },
  {
    alert: 'PostgresLocksWait',
    expr: 'strata_database_waiting_for_locks > 5',
    for: '5m',
    severity: 'warning',
    summary: '{{ $value }} sessions wait for locks',
    description: 'A transaction holds what others need; their requests hang until it ends.',
  },
  {
    alert: 'PostgresLongTransaction',
    expr: 'strata_database_longest_transaction_seconds > 1800',
    for: '5m',
    severity: 'warning',
    summary: 'A transaction is open for {{ $value | humanizeDuration }}',
    description: 'Dead rows cannot be removed meanwhile, and it may hold locks.',
  },
  {
    alert: 'PostgresWraparound',
    expr: 'strata_database_oldest_transaction_id_age > 1e9',
    for: '10m',
    severity: 'critical',
    summary: 'Transaction ids run out',
    description:
      '{{ $value | humanize }} of 2 billion are used since the oldest; then Postgres stops writing. Vacuum is stuck.',
  },
  {
    alert: 'PostgresDeadlocks',
    expr: 'increase(strata_database_deadlocks_total[10m]) > 3',
    severity: 'warning',
    summary: '{{ $value | humanize }} deadlocks in 10 minutes',
    description:
      'Transactions take the same rows in different order; Postgres ends one of each pair.',
  },
  {
    alert: 'PostgresCheckpointsForced',
    expr: 'increase(strata_checkpoints_requested_total[30m]) > 10',
    severity: 'warning',
    summary: 'Checkpoints come too often',
    description: 'More is written than max_wal_size foresees, so every write costs more.',
  },
  {
    alert: 'PostgresArchiveFails',
    expr: 'increase(strata_database_archive_failures_total[15m]) > 0',
    for: '15m',
    severity: 'critical',
    summary: 'The log cannot be archived',
    description:
      'What is written now cannot be restored from a backup, and the log fills the disk.',
  },
];
