import { mebibytes } from '../../settings/sizes';
import type { DatabaseSettings } from '../../settings/database';
import { connections, reservedForSuperuser } from './connections';
import { preloadLibraries } from './extensions';
import {
  autovacuumWorkers,
  hashMultiplier,
  parallelWorkers,
  planMemory,
  type MemoryPlan,
} from './memory';
import { secretFile } from '../paths';
import { databasePaths } from './paths';
import { stanza } from './repository';

/** Name → value, without quotes. */
export type ServerSettings = Readonly<Record<string, string>>;

/**
 * postgresql.conf for Postgres 15 to 18, as settings.
 *
 * Takes settings that `memoryProblems` finds nothing wrong with; `archives` where somebody takes the log.
 */
export function serverSettings(
  database: DatabaseSettings,
  archives = true,
  ofServices = 0,
): ServerSettings {
  const { total } = connections(database, ofServices);
  const plan = planMemory(mebibytes(database.memory), total);
  if (!plan) throw new Error(`${database.memory} cannot hold ${total} connections`);
  return {
    ...reached,
    max_connections: String(total),
    superuser_reserved_connections: String(reservedForSuperuser),
    ...memory(plan),
    ...durability,
    ...(archives && archive),
    ...patience,
    ...log,
    shared_preload_libraries: preloadLibraries().join(','),
    // Utility statements are kept as they were sent, literals and all.
    'pg_stat_statements.track_utility': 'off',
  };
}

const reached: ServerSettings = {
  listen_addresses: '*',
  port: '5432',
  unix_socket_directories: `/var/run/postgresql,${databasePaths.sockets}`,
  unix_socket_permissions: '0700',
  ssl: 'on',
  ssl_cert_file: secretFile('TLS_CERTIFICATE'),
  ssl_key_file: secretFile('TLS_KEY'),
  ssl_min_protocol_version: 'TLSv1.2',
  password_encryption: 'scram-sha-256',
};

function memory(plan: MemoryPlan): ServerSettings {
  const mib = (size: number) => `${size}MB`;
  return {
    shared_buffers: mib(plan.sharedBuffers),
    wal_buffers: mib(plan.walBuffers),
    effective_cache_size: mib(plan.effectiveCache),
    maintenance_work_mem: mib(plan.maintenanceWork),
    autovacuum_max_workers: String(autovacuumWorkers),
    work_mem: mib(plan.work),
    hash_mem_multiplier: String(hashMultiplier),
    max_parallel_workers: String(parallelWorkers),
    // Compiled plans take memory that none of the above limits.
    jit: 'off',
    // Volumes are on solid state disks nowadays; the default is a spinning disk's.
    random_page_cost: '1.1',
  };
}

const durability: ServerSettings = {
  // A change of this restarts the server, and moving to another server needs logical decoding.
  wal_level: 'logical',
  wal_compression: 'on',
  max_wal_size: '2GB',
  // A consumer that is gone must not fill the disk.
  max_slot_wal_keep_size: '8GB',
};

const archive: ServerSettings = {
  archive_mode: 'on',
  archive_command: `pgbackrest --stanza=${stanza} archive-push %p`,
  // What a lost server may cost, at most, of what was committed.
  archive_timeout: '60s',
};

const patience: ServerSettings = {
  idle_in_transaction_session_timeout: '60s',
  // A query whose client has gone is ended, also when the pooler gave it up.
  client_connection_check_interval: '10s',
  tcp_keepalives_idle: '60',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
};

/** People's data stay out of the log: no parameters, no rows that a constraint refused, no text of a failed statement. */
const log: ServerSettings = {
  log_destination: 'stderr',
  logging_collector: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
  lc_messages: 'C',
  // %Q finds the statement in pg_stat_statements, whose texts have no values in them.
  log_line_prefix: '%m [%p] %q%u@%d %a query=%Q ',
  log_min_duration_statement: '1s',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_lock_waits: 'on',
  log_temp_files: '10MB',
};

/** The text of postgresql.conf. */
export function renderConfiguration(settings: ServerSettings): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`,
  );
  return [...lines, ''].join('\n');
}
