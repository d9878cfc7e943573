import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { serverUser } from '../../../provider/local/folders';
import { binariesFor } from '../../../provider/local/postgres/binaries';
import { freePort } from '../../support/ports';

/** A real Postgres that lives as long as one test file and asks nobody for a password. */
export interface Server {
  /** Its data directory. */
  readonly data: string;
  /** Connection URL of a login. */
  url(login: string, database: string): string;
  /** A connection that is closed when the server stops. */
  connect(login: string, database: string): Promise<Client>;
  stop(): Promise<void>;
}

const patienceMs = 30_000;

/** What a data directory costs to be kept safe is of no use to a test. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  shared_buffers: '64MB',
  max_connections: '80',
};

interface Options {
  /** A data directory that nobody writes to, to begin with a copy of it. */
  readonly copyOf?: string;
  /** The folder of another Postgres' programs. */
  readonly bin?: string;
  /** Settings of Postgres besides, or in place of, those of a test. */
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * Starts a Postgres on a free port with an empty data directory. `STRATA_TEST_POSTGRES_BIN` names the folder of another
 * Postgres' initdb and postgres, so that the same tests run on another major version.
 */
export async function startServer({
  copyOf,
  bin: chosen,
  extra = {},
}: Options = {}): Promise<Server> {
  const user = serverUser();
  const bin = chosen ?? process.env.STRATA_TEST_POSTGRES_BIN ?? binariesFor(user).bin;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-sql-'));
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user)
    [folder, data].forEach((made) => {
      chownSync(made, user.uid, user.gid);
    });

  const run = (program: string, args: readonly string[]) => {
    const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
    const child = spawn(path.resolve(bin, program), args, {
      cwd: folder,
      env,
      ...user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', resolve);
    });
    return { child, ended, said };
  };

  const made = copyOf
    ? run('/bin/cp', ['-R', `${copyOf}/.`, data])
    : run('initdb', [
        '-D',
        data,
        '-U',
        'postgres',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ]);
  if ((await made.ended) !== 0) throw new Error(`initdb failed: ${made.said.join('')}`);
  rmSync(path.join(data, 'postmaster.pid'), { force: true });

  const port = await freePort();
  const given = Object.entries({ ...settings, port: String(port), ...extra }).flatMap(
    ([key, value]) => ['-c', `${key}=${value}`],
  );
  const { child, ended, said } = run('postgres', ['-D', data, ...given]);
  const kill = (): void => {
    child.kill('SIGQUIT');
  };
  process.once('exit', kill);

  const url = (login: string, database: string): string =>
    `postgresql://${login}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const clients: Client[] = [];
  const connect = async (login: string, database: string): Promise<Client> => {
    const client = new Client({ connectionString: url(login, database) });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };

  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await connect('postgres', 'postgres');
      break;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`Postgres did not start: ${said.join('')}`, { cause: error });
      }
      await sleep(50);
    }
  }

  return {
    data,
    url,
    connect,
    async stop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      kill();
      await ended;
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
