import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { renderPooler } from '../../../../components/services/database/pooler';
import { settingsSchema } from '../../../../components/settings/schema';
import { serverUser } from '../../../../provider/local/folders';
import type { Server } from '../../../sql/support/server';
import { follow } from '../../../support/follow';
import { freePort } from '../../../support/ports';
import { attackers, victims } from './names';

/**
 * PgBouncer with the platform's own configuration but for TLS, passwords and addresses, and with one connection for each
 * pair of login and database: whoever comes next always has the session of whoever came before.
 */
export class OneSession {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly port: number,
  ) {}

  /** `changes` are lines of the configuration by their keys; null takes one out. */
  static async start(
    server: Server,
    changes: Readonly<Record<string, string | null>> = {},
  ): Promise<OneSession> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-one-session-'));
    chmodSync(folder, 0o755);
    const port = await freePort();
    const users = path.join(folder, 'users.txt');
    const logins = [
      'strata_authenticator',
      'strata_app',
      'strata_hasura',
      attackers.database.role,
      victims.database.role,
    ];
    writeFileSync(users, logins.map((login) => `"${login}" ""\n`).join(''));
    const file = path.join(folder, 'pgbouncer.ini');
    const wanted = { ...here(users, port), ...changes };
    writeFileSync(file, configuration(new URL(server.url('postgres', 'strata')).port, wanted));
    const program = process.env.STRATA_TEST_PGBOUNCER ?? 'pgbouncer';
    const child = spawn(program, [file], { ...serverUser(), stdio: ['ignore', 'pipe', 'pipe'] });
    await follow(child).line(/process up/);
    return new OneSession(folder, child, port);
  }

  async connect(user: string, database: string): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port: this.port, user, database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Lines = Readonly<Record<string, string | null>>;

/** What is another here than on a platform. */
function here(users: string, port: number): Lines {
  return {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    default_pool_size: '1',
    query_wait_timeout: '10',
    client_tls_sslmode: 'disable',
    client_tls_cert_file: null,
    client_tls_key_file: null,
    client_tls_ca_file: null,
    client_tls_protocols: null,
    server_tls_sslmode: 'disable',
    server_tls_ca_file: null,
    server_tls_protocols: null,
  };
}

function configuration(postgres: string, changes: Lines): string {
  return renderPooler(settingsSchema.parse({}).database)
    .replace(/^\[databases\]\n.*$/m, `[databases]\n* = host=127.0.0.1 port=${postgres}`)
    .split('\n')
    .filter((line) => !line.startsWith('%include') && !line.includes(' = max_user_connections='))
    .flatMap((line) => {
      const key = line.split(' = ')[0] ?? '';
      const value = changes[key];
      return value === undefined ? [line] : value === null ? [] : [`${key} = ${value}`];
    })
    .join('\n');
}
