import { platformDatabase } from '../../tenancy/places';
import type { DatabaseSettings } from '../../settings/database';
import type { Settings } from '../../settings/schema';
import { inside } from '../../targets/addresses';
import { image } from '../images';
import type { FileContent, Workload } from '../service';
import { pooledRoles } from './connections';
import { fileAt } from './host';
import { file, secretFile } from '../paths';
import { includedFile } from './pooler-tenants';

const name = 'pooler';
export const poolerPort = 6432;
/** The image's own user, and whose files it includes. */
export const poolerUser = '70:70';
const socketFolder = '/tmp';

/** Reads the pooler's own figures at its console; of Postgres it may have one connection. */
const statsRole = 'strata_monitor';

/** Makes the pooler read its files; no role of Postgres, so it opens nothing but the console (docs/adr/0016). */
export const consoleUser = 'pooler_console';

/** What the program pooler-registry writes and the pooler includes. */
export const poolerFolder = '/var/lib/strata/pooler';

/**
 * PgBouncer in transaction mode before `database`, at `pooler:6432`.
 *
 * TLS on both sides; only the roles of `pooledRoles` get in, each with a pool of its own size: never the admin, the
 * migrator or whoever listens. After each transaction the session is reset, so that a setting which one client left
 * behind does not reach the next (docs/adr/0011). Costs one process of a few MB.
 *
 * Healthy when its port is open: the images have no client to ask with (edoburu's Dockerfiles differ in that, and the
 * lab's has none); that queries come through is what the services behind it answer for.
 *
 * Clients may name prepared statements from PgBouncer 1.21 on; from 1.24 on that needs no setting, and 1.18 would not
 * start with one.
 */
export function pooler(settings: Settings): Workload {
  return {
    kind: 'workload',
    name,
    image: image(settings, 'pgbouncer'),
    // Past the image's own script, which writes below /etc.
    entrypoint: ['pgbouncer', file('pgbouncer.ini')],
    environment: {},
    secrets: {
      TLS_CERTIFICATE: { certificate: name, part: 'certificate' },
      TLS_KEY: { certificate: name, part: 'key' },
      AUTHORITY: { authority: 'database' },
    },
    files: {
      'pgbouncer.ini': fileAt(settings, (host) => renderPooler(settings.database, host)),
      'userlist.txt': userList(),
    },
    scratch: [socketFolder],
    // It writes nothing but its socket: on the volume it only reads.
    volumes: { [poolerFolder]: 'pooler' },
    user: poolerUser,
    resources: { memory: '256M' },
    needs: ['database', 'pooler-registry'],
    port: poolerPort,
    metrics: { exporter: 'pgbouncer-exporter' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/**
 * pgbouncer.ini for PgBouncer 1.18 and newer. Databases and logins of tenants are in the file that it includes, which
 * changes while it runs; the pool of each, 10 connections unless said otherwise, is there too.
 */
export function renderPooler(
  { pools, clients }: DatabaseSettings,
  host: string = inside.host,
): string {
  const settings = {
    listen_addr: '*',
    listen_port: poolerPort,
    unix_socket_dir: socketFolder,
    auth_type: 'scram-sha-256',
    auth_file: file('userlist.txt'),
    admin_users: consoleUser,
    stats_users: statsRole,
    pool_mode: 'transaction',
    server_reset_query: sessionReset.join('; '),
    server_reset_query_always: 1,
    max_client_conn: clients,
    // What a role may have is its own limit below: pools by role came with 1.23.
    default_pool_size: Math.max(...Object.values(pools)),
    // A connection that nobody used for 5 minutes is closed.
    server_idle_timeout: 300,
    // One attempt to connect; within the patience of the client that waits for it (query_wait_timeout) there are several.
    server_connect_timeout: 15,
    // A server that comes back is used again at once, not after the default of 15 seconds.
    server_login_retry: 1,
    // What a driver calls its connect timeout: so long a client waits for a connection of its pool, then it is refused.
    query_wait_timeout: 60,
    query_timeout: 60,
    client_login_timeout: 15,
    client_tls_sslmode: 'require',
    client_tls_cert_file: secretFile('TLS_CERTIFICATE'),
    client_tls_key_file: secretFile('TLS_KEY'),
    // Clients show no certificate, but 1.18 does not start without one to compare it with.
    client_tls_ca_file: secretFile('AUTHORITY'),
    client_tls_protocols: 'secure',
    server_tls_sslmode: 'verify-full',
    server_tls_ca_file: secretFile('AUTHORITY'),
    server_tls_protocols: 'secure',
    // What drivers send and nobody needs.
    ignore_startup_parameters: 'extra_float_digits',
    log_connections: 0,
    log_disconnections: 0,
    log_stats: 0,
  };
  const limit = (role: string, connections: number) =>
    `${role} = max_user_connections=${connections}`;
  return [
    '[databases]',
    `${platformDatabase} = host=${host} port=5432 dbname=${platformDatabase}`,
    '[users]',
    ...sizes(pools).map(([role, size]) => limit(role, size)),
    limit(statsRole, 1),
    '[pgbouncer]',
    ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
    // Last, for it names the list of users that has the tenants' logins besides.
    `%include ${poolerFolder}/${includedFile}`,
    '',
  ].join('\n');
}

/**
 * All that DISCARD ALL does, except for forgetting plans and the statements that PgBouncer itself keeps track of. PgBouncer
 * hands on a session whose reset has failed, so what fails after the first of these ends it: what cancels the first is left to
 * chance. Then nothing that a client left cancels the others, or makes them wait for transactions of others.
 */
export const sessionReset: readonly string[] = [
  'set exit_on_error = on',
  'set statement_timeout = 0',
  'set transaction not deferrable',
  'reset session authorization',
  'reset role',
  'close all',
  'unlisten *',
  'select pg_catalog.pg_advisory_unlock_all()',
  'discard temp',
  'discard sequences',
  // Last, for it takes the first ones back.
  'reset all',
];

/**
 * The platform's own logins; tenants' are in the list that pooler-registry writes, after these. The pooler logs in with
 * the password that the client proved to know, so it must have it.
 */
export function userList(): FileContent {
  const roles = [...Object.values(pooledRoles), statsRole] as const;
  const line = (name: string) => `"${name}" "{{${name.toUpperCase()}}}"\n`;
  return {
    template: [...roles, consoleUser].map(line).join(''),
    secrets: {
      ...Object.fromEntries(roles.map((role) => [role.toUpperCase(), { passwordOf: role }])),
      [consoleUser.toUpperCase()]: { platform: 'pooler-console' },
    },
  };
}

function sizes(pools: DatabaseSettings['pools']): [role: string, size: number][] {
  const names = Object.keys(pooledRoles) as (keyof typeof pooledRoles)[];
  return names.map((name) => [pooledRoles[name], pools[name]]);
}
