import { serverSettings } from '../../services/database/configuration';
import { optionalConnections } from '../../services/database/optional';
import type { Settings } from '../../settings/schema';

/** A parameter of RDS. */
interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly applyMethod: 'immediate' | 'pending-reboot';
}

/** What RDS keeps for itself, beside what services and operators need. */
const ofAws = 10;

/** In what RDS, which takes plain numbers only, counts: so many bytes or seconds. */
const counted: Readonly<Record<string, number>> = {
  shared_buffers: 8192,
  wal_buffers: 8192,
  effective_cache_size: 8192,
  maintenance_work_mem: 1024,
  work_mem: 1024,
  log_temp_files: 1024,
  max_wal_size: 1024 ** 2,
  max_slot_wal_keep_size: 1024 ** 2,
  idle_in_transaction_session_timeout: 0.001,
  client_connection_check_interval: 0.001,
  log_min_duration_statement: 0.001,
};

const units: Readonly<Record<string, number>> = {
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  s: 1,
};

/** Read when Postgres starts: a change waits until somebody restarts the database. */
const atStart: readonly string[] = [
  'max_connections',
  'shared_buffers',
  'wal_buffers',
  'shared_preload_libraries',
  'rds.logical_replication',
];

/** What of the settings of our own server is RDS's: files, addresses, archiving, where the log goes. */
const notOurs: readonly string[] = [
  'archive_command',
  'archive_mode',
  'archive_timeout',
  'autovacuum_max_workers',
  'lc_messages',
  'listen_addresses',
  'log_destination',
  'log_line_prefix',
  'log_timezone',
  'logging_collector',
  'port',
  'ssl',
  'ssl_cert_file',
  'ssl_key_file',
  'superuser_reserved_connections',
  'unix_socket_directories',
  'unix_socket_permissions',
  // A choice of ways since Postgres 15, and RDS has its own default.
  'wal_compression',
  'wal_level',
];

/**
 * The parameters of a database of RDS: those of the platform's own server, computed from `strata:database` in the same
 * way, as far as RDS takes them; TLS for everybody; and the log that moves and replicas by logical decoding need.
 */
export function databaseParameters(settings: Settings): Parameter[] {
  const ours = serverSettings(settings.database, false, optionalConnections(settings));
  const all: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(ours)
        .filter(([name]) => !notOurs.includes(name))
        .map(([name, value]) => [name, plain(name, value)]),
    ),
    max_connections: String(Number(ours.max_connections) + ofAws),
    'rds.force_ssl': '1',
    'rds.logical_replication': '1',
  };
  return Object.entries(all)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => ({
      name,
      value,
      applyMethod: atStart.includes(name) ? 'pending-reboot' : 'immediate',
    }));
}

/** `256MB` of shared_buffers → `32768`; switches as 1 and 0. */
function plain(name: string, value: string): string {
  if (value === 'on' || value === 'off') return value === 'on' ? '1' : '0';
  const [, amount, unit = ''] = /^(\d+)([A-Za-z]*)$/.exec(value) ?? [];
  const size = units[unit];
  if (amount === undefined || size === undefined) return value;
  const step = counted[name];
  if (step === undefined) throw new Error(`nobody has said in what RDS counts ${name} (${value})`);
  return String(Math.round((Number(amount) * size) / step));
}
