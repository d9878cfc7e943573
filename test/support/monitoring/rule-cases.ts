import { fires, seen, slow, type Case } from './case';
import { serviceCases } from './service-cases';

const host = { job: 'node-exporter' };
const root = '{job="node-exporter",mountpoint="/"}';
const disk = (avail: string) => ({
  [`node_filesystem_avail_bytes${root}`]: avail,
  [`node_filesystem_size_bytes${root}`]: '100x600',
});
const memory = (available: string) => ({
  'node_memory_MemAvailable_bytes{job="node-exporter"}': available,
  'node_memory_MemTotal_bytes{job="node-exporter"}': '100x60',
});
const connections = (used: string) => ({
  strata_database_connections: used,
  strata_database_max_connections: '100x60',
});
const guard = (refused: string, reason: string) => ({
  'strata_guard_requests_total{outcome="passed",tenant="acme"}': '0+1000x60',
  [`strata_guard_requests_total{outcome="refused",tenant="acme"}`]: refused,
  [`strata_guard_refusals_total{reason="${reason}",tenant="acme"}`]: refused,
});
const gateway = (errors: string) => ({
  'strata_gateway_requests_total{status="200"}': '0+900x60',
  'strata_gateway_requests_total{status="502"}': errors,
});
const certificate = (end: string) => ({
  'probe_ssl_earliest_cert_expiry{host="example.org",instance="a"}': end,
  'probe_ssl_earliest_cert_expiry{host="example.org",instance="b"}': '99999999x200',
});
const day = 24 * 3600;

/** Every rule, at least once each way. */
export const cases: Readonly<Record<string, Case>> = {
  TargetDown: {
    fires: fires('2m', { job: 'guard' }, { 'up{job="guard"}': '1 0 0' }),
    quiet: seen('1m', { 'up{job="guard"}': '1 0' }),
  },
  TargetMissing: {
    fires: fires('5m', { job: 'guard' }, everyTarget('guard', '1x10')),
    quiet: seen('5m', { ...everyTarget('guard', '1x10'), 'up{job="guard",instance="b"}': '1x10' }),
  },
  RestartLoop: {
    fires: fires(
      '12m',
      { job: 'guard' },
      { 'process_start_time_seconds{job="guard"}': '1 1 2 2 3 3 4 4 5 5 5 5 5' },
    ),
    quiet: seen('12m', { 'process_start_time_seconds{job="guard"}': '1 1 2 2 3 3 4 4 4 4 4 4 4' }),
  },
  AlertsNotSent: {
    fires: fires(
      '16m',
      { integration: 'slack' },
      { 'alertmanager_notifications_failed_total{integration="slack"}': '0+1x20' },
    ),
    quiet: seen('9m', { 'alertmanager_notifications_failed_total{integration="slack"}': '0+1x20' }),
  },
  AlertmanagerUnreachable: {
    fires: fires(
      '6m',
      { job: 'prometheus' },
      { 'prometheus_notifications_alertmanagers_discovered{job="prometheus"}': '0x10' },
    ),
    quiet: seen('6m', {
      'prometheus_notifications_alertmanagers_discovered{job="prometheus"}': '1x10',
      'prometheus_notifications_dropped_total{job="prometheus"}': '3x10',
    }),
  },
  RulesFail: {
    fires: fires(
      '8m',
      { rule_group: 'host' },
      { 'prometheus_rule_evaluation_failures_total{rule_group="host"}': '0+1x20' },
    ),
    quiet: seen('8m', { 'prometheus_rule_evaluation_failures_total{rule_group="host"}': '5x20' }),
  },
  PrometheusNotWriting: {
    fires: fires(
      '5m',
      { job: 'prometheus' },
      { 'prometheus_tsdb_wal_writes_failed_total{job="prometheus"}': '0 0 1 1 1 1' },
    ),
    quiet: seen('5m', { 'prometheus_tsdb_wal_writes_failed_total{job="prometheus"}': '1x5' }),
  },
  TooManySeries: {
    fires: fires(
      '5m',
      { job: 'prometheus' },
      { 'prometheus_target_scrapes_exceeded_sample_limit_total{job="prometheus"}': '0 0 1 1 1 1' },
    ),
    quiet: seen('5m', {
      'prometheus_target_scrapes_exceeded_sample_limit_total{job="prometheus"}': '1x5',
    }),
  },
  HostDiskFull: {
    fires: fires('3m', { ...host, mountpoint: '/' }, disk('4x10')),
    quiet: seen('3m', disk('5x10')),
  },
  HostDiskFillsUp: {
    // Half of it is left, and it loses a tenth of that in an hour.
    fires: fires('6h', { ...host, mountpoint: '/' }, disk('50-0.05x600')),
    quiet: seen('6h', disk('50-0.01x600')),
  },
  HostInodesFull: {
    fires: fires(
      '11m',
      { ...host, mountpoint: '/' },
      {
        [`node_filesystem_files_free${root}`]: '4x20',
        [`node_filesystem_files${root}`]: '100x20',
      },
    ),
    quiet: seen('11m', {
      [`node_filesystem_files_free${root}`]: '5x20',
      [`node_filesystem_files${root}`]: '100x20',
    }),
  },
  HostMemoryFull: {
    fires: fires('6m', host, memory('4x10')),
    quiet: seen('6m', memory('4 4 4 9 4 4 4')),
  },
  HostProcessKilled: {
    fires: fires('3m', host, { 'node_vmstat_oom_kill{job="node-exporter"}': '7 7 8 8' }),
    quiet: seen('3m', { 'node_vmstat_oom_kill{job="node-exporter"}': '7x5' }),
  },
  HostProcessorBusy: {
    fires: fires('21m', {}, { 'node_cpu_seconds_total{mode="idle",cpu="0"}': '0+5x30' }),
    quiet: seen('21m', { 'node_cpu_seconds_total{mode="idle",cpu="0"}': '0+7x30' }),
  },
  HostDiskWaits: {
    fires: fires('21m', host, {
      'node_pressure_io_stalled_seconds_total{job="node-exporter"}': '0+35x30',
    }),
    quiet: seen('21m', {
      'node_pressure_io_stalled_seconds_total{job="node-exporter"}': '0+29x30',
    }),
  },
  PostgresDown: {
    fires: fires('2m', {}, { pg_up: '1 0 0' }),
    quiet: seen('1m', { pg_up: '1 0' }),
  },
  MonitoringQueriesFail: {
    fires: fires('6m', {}, {}),
    quiet: seen('6m', { strata_database_connections: '0x10' }),
  },
  PostgresConnectionsFull: {
    fires: fires('6m', {}, connections('86x10')),
    quiet: seen('6m', connections('85x10')),
  },
  PostgresReplicaLags: {
    fires: fires('6m', { replica: 'b' }, { 'strata_replica_lag_seconds{replica="b"}': '61x10' }),
    quiet: seen('6m', {
      'strata_replica_lag_seconds{replica="b"}': '60x10',
      'strata_replica_lag_bytes{replica="b"}': '1e9x10',
    }),
  },
  PostgresSlotHoldsLog: {
    fires: fires('11m', { slot: 'b' }, { 'strata_slot_held_bytes{slot="b"}': '6e9x20' }),
    quiet: seen('9m', { 'strata_slot_held_bytes{slot="b"}': '6e9x20' }),
  },
  PostgresLocksWait: {
    fires: fires('6m', {}, { strata_database_waiting_for_locks: '6x10' }),
    quiet: seen('6m', { strata_database_waiting_for_locks: '5x10' }),
  },
  PostgresLongTransaction: {
    fires: fires('6m', {}, { strata_database_longest_transaction_seconds: '1801+60x10' }),
    quiet: seen('6m', { strata_database_longest_transaction_seconds: '1800x10' }),
  },
  PostgresWraparound: {
    fires: fires('11m', {}, { strata_database_oldest_transaction_id_age: '1.1e9x20' }),
    quiet: seen('11m', { strata_database_oldest_transaction_id_age: '1e9x20' }),
  },
  PostgresDeadlocks: {
    fires: fires('9m', {}, { strata_database_deadlocks_total: '0 0 1 2 3 4 5 5 5 5' }),
    quiet: seen('9m', { strata_database_deadlocks_total: '0 0 1 2 2 2 2 2 2 2' }),
  },
  PostgresCheckpointsForced: {
    fires: fires('30m', {}, { strata_checkpoints_requested_total: '0+0.5x40' }),
    quiet: seen('30m', { strata_checkpoints_requested_total: '0+0.3x40' }),
  },
  PostgresArchiveFails: {
    fires: fires('20m', {}, { strata_database_archive_failures_total: '0+1x30' }),
    quiet: seen('40m', { strata_database_archive_failures_total: '0+1x20 20x30' }),
  },
  BackupFailed: {
    fires: fires('6m', {}, { strata_backup_failing: '1x10' }),
    quiet: seen('6m', { strata_backup_failing: '1 1 0 1 1 1 1' }),
  },
  BackupTooOld: {
    fires: fires('29h', {}, { strata_backup_timestamp_seconds: '0x1800' }),
    quiet: seen('29h', { strata_backup_timestamp_seconds: '0x1600 86400x200' }),
  },
  NewAdmin: {
    fires: fires('5m', {}, { strata_registry_admins_made_total: '3 3 4 4 4 4' }),
    quiet: seen('5m', { strata_registry_admins_made_total: '4x10' }),
  },
  AuditGap: {
    fires: fires('6m', {}, { strata_audit_unwatched_tables: '1x10' }),
    quiet: seen('6m', {
      strata_audit_unwatched_tables: '0x10',
      strata_audit_changeable_partitions: '0x10',
    }),
  },
  AuditMonthsEnd: {
    fires: fires('61m', {}, { strata_audit_months_ahead: '1x70' }),
    quiet: seen('61m', { strata_audit_months_ahead: '2x70', strata_audit_misplaced_rows: '0x70' }),
  },
  GatewayDown: {
    fires: fires('2m', {}, { nginx_up: '1 0 0' }),
    quiet: seen('1m', { nginx_up: '1 0' }),
  },
  RouteFails: {
    fires: fires(
      '2m',
      { job: 'probe-graphql', instance: 'example.org/graphql', service: 'graphql' },
      {
        'probe_success{job="probe-graphql",instance="example.org/graphql",service="graphql"}':
          '0x5',
      },
    ),
    quiet: seen('2m', {
      'probe_success{job="probe-graphql",instance="example.org/graphql"}': '0 0 1',
      'probe_success{job="health-path",instance="graphql"}': '0x5',
    }),
  },
  ServiceUnhealthy: {
    fires: fires(
      '2m',
      { job: 'health-path', instance: 'hasura', service: 'hasura' },
      { 'probe_success{job="health-path",instance="hasura",service="hasura"}': '0x5' },
    ),
    quiet: seen('2m', {
      'probe_success{job="health-port",instance="hasura",service="hasura"}': '0 0 1',
      'probe_success{job="probe-graphql",instance="example.org/v1/graphql"}': '0x5',
    }),
  },
  RouteSlow: {
    fires: fires('9m', { instance: 'a' }, { 'probe_duration_seconds{instance="a"}': '2.1x20' }),
    quiet: seen('9m', {
      'probe_duration_seconds{instance="a"}': '1.9x20',
      'probe_duration_seconds{job="health-path",instance="b"}': '2.1x20',
    }),
  },
  CertificateExpiresSoon: {
    fires: fires('61m', { host: 'example.org' }, certificate(`${14 * day}x70`)),
    quiet: seen('61m', certificate(`${14 * day + 3700}x70`)),
  },
  CertificateExpires: {
    fires: fires('6m', { host: 'example.org' }, certificate(`${3 * day}x10`)),
    quiet: seen('6m', certificate(`${3 * day + 400}x10`)),
  },
  GatewayErrors: {
    fires: fires('10m', {}, gateway('0+60x60')),
    quiet: seen('10m', gateway('0+40x60')),
  },
  GatewaySlow: {
    fires: fires('16m', {}, slow('strata_gateway_seconds_bucket', '0+90x60', '0+100x60', '2')),
    quiet: seen('16m', slow('strata_gateway_seconds_bucket', '0+96x60', '0+100x60', '2')),
  },
  GuardFails: {
    fires: fires('10m', {}, guard('0+60x60', 'limits_unavailable')),
    quiet: seen('10m', guard('0+60x60', 'scope_missing')),
  },
  GuardRefuses: {
    fires: fires('20m', {}, guard('0+1100x60', 'scope_missing')),
    quiet: seen('20m', guard('0+900x60', 'scope_missing')),
  },
  GuardSlow: {
    fires: fires(
      '16m',
      {},
      slow('strata_guard_duration_seconds_bucket', '0+98x60', '0+100x60', '0.1', ',door="check"'),
    ),
    quiet: seen(
      '16m',
      slow('strata_guard_duration_seconds_bucket', '0+98x60', '0+100x60', '0.1', ',door="graphql"'),
    ),
  },
  LoginFailures: {
    // All at once, with the first look: what `increase` alone does not see.
    fires: fires(
      '3m',
      {},
      {
        'strata_guard_refusals_total{reason="token_invalid",tenant=""}': '_ 101 101 101',
      },
    ),
    quiet: seen('3m', {
      'strata_guard_refusals_total{reason="token_invalid",tenant=""}': '_ 100 100 100',
      'strata_guard_refusals_total{reason="token_expired",tenant=""}': '_ 900 900 900',
    }),
  },
  CrossTenantRequests: {
    fires: fires(
      '3m',
      { tenant: 'acme' },
      {
        'strata_guard_refusals_total{reason="wrong_tenant",tenant="acme",instance="a"}': '_ 3 3 3',
        'strata_guard_refusals_total{reason="wrong_tenant",tenant="acme",instance="b"}': '_ 3 3 3',
      },
    ),
    // What was refused long ago is told no more.
    quiet: seen('30m', {
      'strata_guard_refusals_total{reason="wrong_tenant",tenant="acme",instance="a"}': '_ 90x40',
    }),
  },
  UnusualVolume: {
    fires: fires(
      '26h',
      { tenant: 'acme' },
      {
        'strata_guard_requests_total{outcome="passed",tenant="acme"}': '0+10x1440 14400+60x200',
      },
    ),
    quiet: seen('26h', {
      'strata_guard_requests_total{outcome="passed",tenant="acme"}': '0+10x1440 14400+45x200',
    }),
  },
  SignInFailures: {
    fires: fires('3m', {}, { 'strata_sessions_rejections_total{kind="other"}': '_ 101 101 101' }),
    quiet: seen('3m', {
      'strata_sessions_rejections_total{kind="other"}': '_ 100 100 100',
      'strata_sessions_rejections_total{kind="refresh"}': '_ 900 900 900',
    }),
  },
  SessionSwitchesRefused: {
    fires: fires('3m', {}, { 'strata_sessions_failures_total{reason="wrong_tenant"}': '_ 6 6 6' }),
    quiet: seen('3m', {
      'strata_sessions_failures_total{reason="wrong_tenant"}': '_ 5 5 5',
      'strata_sessions_failures_total{reason="unauthenticated"}': '_ 90 90 90',
    }),
  },
  SessionsFail: {
    fires: fires(
      '11m',
      { kind: 'timeout' },
      { 'strata_sessions_upstream_errors_total{kind="timeout"}': '0+7x20' },
    ),
    quiet: seen('11m', { 'strata_sessions_upstream_errors_total{kind="timeout"}': '0+5x20' }),
  },
  PoolerDown: {
    fires: fires('2m', {}, { pgbouncer_up: '1 0 0' }),
    quiet: seen('1m', { pgbouncer_up: '1 0' }),
  },
  PoolerClientsWait: {
    fires: fires(
      '3m',
      { user: 'strata_app' },
      {
        'pgbouncer_pools_client_waiting_connections{user="strata_app",database="a"}': '6x10',
      },
    ),
    quiet: seen('3m', {
      'pgbouncer_pools_client_waiting_connections{user="strata_app",database="a"}': '5x10',
      'pgbouncer_pools_client_maxwait_seconds{user="strata_app",database="a"}': '5x10',
    }),
  },
  RedisDown: {
    fires: fires('2m', {}, { redis_up: '1 0 0' }),
    quiet: seen('1m', { redis_up: '1 0' }),
  },
  RedisMemoryFull: {
    fires: fires('6m', {}, { redis_memory_used_bytes: '91x10', redis_memory_max_bytes: '100x10' }),
    // Without a limit it cannot be full.
    quiet: seen('6m', { redis_memory_used_bytes: '91x10', redis_memory_max_bytes: '0x10' }),
  },
  RedisEvicts: {
    fires: fires('5m', {}, { redis_evicted_keys_total: '0 0 1 1 1 1' }),
    quiet: seen('5m', { redis_evicted_keys_total: '1x5' }),
  },
  RedisNotSaving: {
    fires: fires('6m', {}, { redis_aof_last_write_status: '0x10' }),
    quiet: seen('6m', {
      redis_aof_last_write_status: '1x10',
      redis_aof_last_bgrewrite_status: '1x10',
      redis_aof_enabled: '1x10',
      // ElastiCache: no file, and a node that follows.
      'redis_aof_enabled{instance="b"}': '0x10',
      'redis_connected_slaves{instance="b"}': '1x10',
    }),
  },
  RedisRejectsClients: {
    fires: fires('4m', {}, { redis_rejected_connections_total: '0 0 1 1 1' }),
    quiet: seen('4m', { redis_rejected_connections_total: '1x5' }),
  },
  InnerCertificateExpires: {
    // The database's ends after 14 days and an hour.
    fires: fires('61m', { host: 'database' }, {}),
    quiet: seen('59m', {}),
  },
  OutboxLag: {
    fires: fires(
      '6m',
      { function: 'mail' },
      {
        'strata_outbox_oldest_seconds{function="mail",instance="a"}': '301x10',
        'strata_outbox_oldest_seconds{function="mail",instance="b"}': '301x10',
      },
    ),
    quiet: seen('6m', { 'strata_outbox_oldest_seconds{function="mail"}': '300x10' }),
  },
  OutboxDead: {
    fires: fires('1m', { function: 'mail' }, { 'strata_outbox_dead{function="mail"}': '1x5' }),
    quiet: seen('1m', { 'strata_outbox_dead{function="mail"}': '0x5' }),
  },
  QueueDeep: {
    fires: fires(
      '11m',
      { queue: 'mail' },
      {
        'strata_queue_jobs{queue="mail",state="waiting"}': '1001x20',
      },
    ),
    quiet: seen('11m', {
      'strata_queue_jobs{queue="mail",state="waiting"}': '1000x20',
      'strata_queue_jobs{queue="mail",state="completed"}': '9000x20',
    }),
  },
  QueueFails: {
    fires: fires(
      '15m',
      { queue: 'mail' },
      {
        'strata_queue_jobs{queue="mail",state="failed"}': '50+1x20',
      },
    ),
    quiet: seen('15m', { 'strata_queue_jobs{queue="mail",state="failed"}': '50x20' }),
  },
  FunctionFails: {
    fires: fires(
      '16m',
      { function: 'mail' },
      {
        'strata_function_runs_total{function="mail",result="ok"}': '0+7x20',
        'strata_function_runs_total{function="mail",result="timeout"}': '0+3x20',
      },
    ),
    quiet: seen('16m', {
      'strata_function_runs_total{function="mail",result="ok"}': '0+8x20',
      'strata_function_runs_total{function="mail",result="failed"}': '0+2x20',
    }),
  },
  StorageQuotaReached: {
    fires: fires('4m', {}, { 'storage_refusals_total{code="quota_exceeded"}': '0 0 1 1 1' }),
    quiet: seen('4m', {
      'storage_refusals_total{code="quota_exceeded"}': '1x5',
      'storage_refusals_total{code="not_found"}': '0+1x5',
    }),
  },
  VirusFound: {
    fires: fires('4m', {}, { 'storage_refusals_total{code="virus_found"}': '0 0 1 1 1' }),
    quiet: seen('4m', {
      'storage_refusals_total{code="virus_found"}': '1x5',
      'storage_refusals_total{code="scan_incomplete"}': '0+1x5',
    }),
  },
  ScannerUnavailable: {
    fires: fires('10m', {}, { 'storage_refusals_total{code="scanner_unavailable"}': '0+1x20' }),
    // One scan that failed on the way is no outage.
    quiet: seen('10m', { 'storage_refusals_total{code="scanner_unavailable"}': '0 0 0 1x20' }),
  },
  RealtimeSlow: {
    fires: fires(
      '20m',
      { kind: 'broadcast' },
      {
        'strata_realtime_delivery_seconds_bucket{kind="broadcast",le="1"}': '0x30',
        'strata_realtime_delivery_seconds_bucket{kind="broadcast",le="10"}': '0+60x30',
        'strata_realtime_delivery_seconds_bucket{kind="broadcast",le="+Inf"}': '0+60x30',
      },
    ),
    quiet: seen('20m', {
      'strata_realtime_delivery_seconds_bucket{kind="broadcast",le="1"}': '0+60x30',
      'strata_realtime_delivery_seconds_bucket{kind="broadcast",le="+Inf"}': '0+60x30',
    }),
  },
  RealtimeRefuses: {
    fires: fires(
      '15m',
      { reason: 'redis_unavailable' },
      { 'strata_realtime_refusals_total{reason="redis_unavailable"}': '0+60x20' },
    ),
    quiet: seen('15m', {
      'strata_realtime_refusals_total{reason="channel_refused"}': '0+60x20',
    }),
  },
  StorageFails: {
    fires: fires(
      '10m',
      {},
      {
        'storage_request_seconds_count{status="200"}': '0+90x20',
        'storage_request_seconds_count{status="503"}': '0+10x20',
      },
    ),
    quiet: seen('10m', {
      'storage_request_seconds_count{status="200"}': '0+96x20',
      'storage_request_seconds_count{status="503"}': '0+4x20',
    }),
  },
  ...serviceCases,
};

/** Every target of the platform, the one of two replicas of `job` among them. */
function everyTarget(job: string, values: string): Record<string, string> {
  const jobs = [
    'sessions storage functions functions-worker backup alertmanager node-exporter cadvisor postgres-exporter',
    'prometheus realtime oauth gotrue postgrest tenants supabase-storage imgproxy',
    'redis-exporter pgbouncer-exporter nginx-exporter blackbox-exporter loki alloy tempo grafana',
  ];
  return Object.fromEntries(
    [job, ...jobs.flatMap((names) => names.split(' '))].map((name) => [
      `up{job="${name}",instance="a"}`,
      values,
    ]),
  );
}
