import type { Settings } from '../settings/schema';
import { platformDatabase } from '../tenancy/places';
import { fileAt } from './database/host';
import { image } from './images';
import { file, secretFile } from './paths';
import type { Workload } from './service';

const port = 5050;
const path = '/pgadmin';
const login = 'strata_auditor';

/**
 * pgAdmin at `/pgadmin/`, behind the gateway's login and its own: `operator@example.org` with the operators' password. It
 * has the database as `strata_auditor`, who reads the audit log and the catalogue; who may more adds a server of his own.
 *
 * A path of the gateway and no published port: that would be a second way in, past the operators' addresses and login. It
 * reads servers and password only while it has kept nothing, so it keeps nothing at all: what somebody sets is gone with
 * the container. One replica, because sessions are its own. Healthy when it answers `misc/ping`. Costs one Python process
 * of about 300 MB and some connections to Postgres.
 *
 * Facts, read 2026-11-22 at github.com/pgadmin-org/pgadmin4: variables and files in pkg/docker/entrypoint.sh and
 * docs/en_US/container_deployment.rst, 5050:0 in the Dockerfile, `CONFIG_DISTRO_FILE_PATH` in web/pgadmin/evaluate_config.py.
 * `SCRIPT_NAME` is gunicorn's (gunicorn/http/wsgi.py). The environment, both files and the path were tried with pgAdmin
 * 9.18 and gunicorn behind this gateway, without the image.
 */
export function pgadmin(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: 'pgadmin',
    image: image(settings, 'pgadmin'),
    environment: {
      PGADMIN_LISTEN_ADDRESS: '0.0.0.0',
      PGADMIN_LISTEN_PORT: String(port),
      SCRIPT_NAME: path,
      // Nobody gets mail there; names that are no domain are refused.
      PGADMIN_DEFAULT_EMAIL: 'operator@example.org',
      PGADMIN_CUSTOM_CONFIG_DISTRO_FILE: file('config_distro.py'),
      PGADMIN_SERVER_JSON_FILE: file('servers.json'),
      PGPASS_FILE: file('pgpass'),
      // libpq's own: a path in servers.json is looked for below the user's folder, where this file is not.
      PGSSLROOTCERT: secretFile('AUTHORITY'),
      // It would be started with sudo.
      PGADMIN_DISABLE_POSTFIX: '1',
      GUNICORN_THREADS: '8',
    },
    secrets: {
      PGADMIN_DEFAULT_PASSWORD: { platform: 'operator' },
      AUTHORITY: { authority: 'database' },
    },
    files: {
      'config_distro.py': settingsFile,
      'servers.json': fileAt(settings, (host) => `${JSON.stringify(servers(host), null, 2)}\n`),
      pgpass: fileAt(settings, (host) => `${host}:5432:*:${login}:{{PASSWORD}}\n`, {
        PASSWORD: { passwordOf: login },
      }),
    },
    scratch: ['/var/lib/pgadmin', '/tmp'],
    user: '5050:0',
    // Python in the image has it as a file capability: when it is not in the bounding set, the kernel does not start
    // Python at all, whatever the port (github.com/pgadmin-org/pgadmin4, issues 6694 and 7721).
    capabilities: ['NET_BIND_SERVICE'],
    resources: { memory: '768M' },
    needs: ['database'],
    port,
    health: `${path}/misc/ping`,
    metrics: { none: 'a page for operators; upstream names no figures of it' },
    readsSchema: false,
    routes: {
      pgadmin: { path: `${path}/`, access: 'operator', maxBody: '10M', timeoutSeconds: 300 },
    },
    replicas: 1,
  };
}

/**
 * Python. The entry point would write such a file beside the program, on a root that is read-only here; where there is
 * one with something in it, it leaves it alone.
 */
const settingsFile = `# Settings of pgAdmin that are not its defaults.
LOG_FILE = '/dev/null'
HELP_PATH = '../../docs'
# It calls nobody.
UPGRADE_CHECK_ENABLED = False
LLM_ENABLED = False
# No password is kept that it would protect.
MASTER_PASSWORD_REQUIRED = False
ALLOW_SAVE_PASSWORD = False
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_SAMESITE = 'Strict'
`;

/** What the tree on the left begins with; the paths of files are those below the user's folder. */
const servers = (host: string): object => ({
  Servers: {
    1: {
      Name: 'Strata',
      Group: 'Servers',
      Host: host,
      Port: 5432,
      MaintenanceDB: platformDatabase,
      Username: login,
      ConnectionParameters: {
        sslmode: 'verify-full',
        passfile: '/.pgpass',
        connect_timeout: 10,
      },
    },
  },
});
