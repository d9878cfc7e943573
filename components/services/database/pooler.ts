import { databaseName } from '../../data/names';
import type { DatabaseSettings } from '../../settings/database';
import type { Settings } from '../../settings/schema';
import { image } from '../images';
import type { FileContent, Workload } from '../service';
import { pooledRoles } from './connections';
import { file, secretFile } from '../paths';

const name = 'pooler';
const port = 6432;
const socketFolder = '/tmp';

/** Reads the pooler's own figures at its console; of Postgres it may have one connection. */
const statsRole = 'strata_monitor';

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
      AUTHORITY: { authority: 'certificate' },
    },
    files: {
      'pgbouncer.ini': renderPooler(settings.database),
      'userlist.txt': userList(),
    },
    scratch: [socketFolder],
    // The image's own user; it writes nothing but its socket.
    user: '70:70',
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/** pgbouncer.ini for PgBouncer 1.18 and newer. */
export function renderPooler({ pools, clients }: DatabaseSettings): string {
  const settings = {
    listen_addr: '*',
    listen_port: port,
    unix_socket_dir: socketFolder,
    auth_type: 'scram-sha-256',
    auth_file: file('userlist.txt'),
    // Nobody by name; only the process' own user, through the socket.
    admin_users: '',
    stats_users: statsRole,
    pool_mode: 'transaction',
    server_reset_query: reset,
    server_reset_query_always: 1,
    max_client_conn: clients,
    // What a role may have is its own limit below: pools by role came with 1.23.
    default_pool_size: Math.max(...Object.values(pools)),
    server_idle_timeout: 300,
    server_connect_timeout: 15,
    // A server that comes back is used again at once, not after the default of 15 seconds.
    server_login_retry: 1,
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
    `${databaseName} = host=database port=5432 dbname=${databaseName}`,
    '[users]',
    ...sizes(pools).map(([role, size]) => limit(role, size)),
    limit(statsRole, 1),
    '[pgbouncer]',
    ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
    '',
  ].join('\n');
}

/** All that DISCARD ALL does, except for forgetting plans and the statements that PgBouncer itself keeps track of. */
const reset = [
  'reset session authorization',
  'reset role',
  'reset all',
  'close all',
  'unlisten *',
  'select pg_catalog.pg_advisory_unlock_all()',
  'discard temp',
  'discard sequences',
].join('; ');

/** The pooler logs in with the password that the client proved to know, so it must have it. */
function userList(): FileContent {
  const roles = [...Object.values(pooledRoles), statsRole] as const;
  return {
    template: roles.map((role) => `"${role}" "{{${role.toUpperCase()}}}"\n`).join(''),
    secrets: Object.fromEntries(roles.map((role) => [role.toUpperCase(), { passwordOf: role }])),
  };
}

function sizes(pools: DatabaseSettings['pools']): [role: string, size: number][] {
  const names = Object.keys(pooledRoles) as (keyof typeof pooledRoles)[];
  return names.map((name) => [pooledRoles[name], pools[name]]);
}
