import { graph, line } from './panel';

/** Postgres and the pools in front of it. */
export const database = [
  graph(
    'Connections',
    'short',
    line('used', 'strata_database_connections'),
    line('most', 'strata_database_max_connections'),
  ),
  graph(
    'Transactions',
    'ops',
    line('kept', 'rate(strata_database_commits_total[5m])'),
    line('taken back', 'rate(strata_database_rollbacks_total[5m])'),
  ),
  graph(
    'Found in memory',
    'percentunit',
    line(
      'blocks',
      'rate(strata_database_blocks_hit_total[5m]) / (rate(strata_database_blocks_hit_total[5m]) + rate(strata_database_blocks_read_total[5m]))',
    ),
  ),
  graph('Longest transaction', 's', line('age', 'strata_database_longest_transaction_seconds')),
  graph(
    'Locks',
    'short',
    line('sessions that wait', 'strata_database_waiting_for_locks'),
    line('deadlocks in 10 minutes', 'increase(strata_database_deadlocks_total[10m])'),
  ),
  graph(
    'Checkpoints in 30 minutes',
    'short',
    line('forced', 'increase(strata_checkpoints_requested_total[30m])'),
    line('timed', 'increase(strata_checkpoints_timed_total[30m])'),
  ),
  graph('Replicas are behind', 's', line('{{replica}}', 'strata_replica_lag_seconds')),
  graph('Size', 'bytes', line('all databases', 'strata_database_size_bytes')),
  graph(
    'Clients that wait for a connection',
    'short',
    line('{{user}}', 'sum by (user) (pgbouncer_pools_client_waiting_connections)'),
  ),
  graph(
    'Connections of pools',
    'short',
    line('{{user}} busy', 'sum by (user) (pgbouncer_pools_server_active_connections)'),
    line('{{user}} idle', 'sum by (user) (pgbouncer_pools_server_idle_connections)'),
  ),
];
