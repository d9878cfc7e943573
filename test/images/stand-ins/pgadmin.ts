import { readFileSync, statSync } from 'node:fs';
import { demand, fail, serve, withClient } from './shared/program';

/**
 * A stand-in for dpage/pgadmin4 as a container: the variables of its entry point, the path that SCRIPT_NAME says,
 * `/misc/ping`, and a login after which it opens the server of its first start with the password file.
 */
const prefix = demand('SCRIPT_NAME');
const password = readFileSync(demand('PGADMIN_DEFAULT_PASSWORD_FILE'), 'utf8').replace(/\n$/, '');
if (process.env.PGADMIN_DEFAULT_PASSWORD !== undefined) fail('there are two default passwords');
// An empty file it would write itself, which a read-only root does not let it.
if (statSync(demand('PGADMIN_CUSTOM_CONFIG_DISTRO_FILE')).size === 0)
  fail('config_distro is empty');

interface Listed {
  readonly Host: string;
  readonly Port: number;
  readonly MaintenanceDB: string;
  readonly Username: string;
}

const { Servers } = JSON.parse(readFileSync(demand('PGADMIN_SERVER_JSON_FILE'), 'utf8')) as {
  Servers: Readonly<Record<string, Listed>>;
};

/** Who the first server of the list says that pgAdmin is there. */
async function open(): Promise<unknown> {
  const [server] = Object.values(Servers);
  if (!server) throw new Error('no server is listed');
  const lines = readFileSync(demand('PGPASS_FILE'), 'utf8').split('\n');
  const line = lines.find((one) => one.startsWith(`${server.Host}:${String(server.Port)}:`));
  const database = {
    host: server.Host,
    port: server.Port,
    database: server.MaintenanceDB,
    user: server.Username,
    password: line?.split(':')[4] ?? '',
    ssl: { ca: readFileSync(demand('PGSSLROOTCERT'), 'utf8') },
  };
  return withClient(database, async (client) => {
    const { rows } = await client.query<object>(
      'select current_user as user, current_database() as database',
    );
    return rows[0];
  });
}

serve(Number(demand('PGADMIN_LISTEN_PORT')), async ({ method, url, body }) => {
  if (url.pathname === `${prefix}/misc/ping`) return [200, 'PING'];
  if (url.pathname === `${prefix}/login`)
    return [200, '<title>pgAdmin 4</title>', { 'content-type': 'text/html' }];
  if (method !== 'POST' || url.pathname !== `${prefix}/authenticate/login`) return [404, {}];
  const given = new URLSearchParams(body.toString());
  const right =
    given.get('email') === demand('PGADMIN_DEFAULT_EMAIL') && given.get('password') === password;
  return right ? [200, await open()] : [401, {}];
});
