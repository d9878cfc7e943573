import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../engine/errors';
import type { Context } from '../../host/resource';
import { type Unreachable, UnreachableError, withClient } from '../../database/connect';
import { runFolder } from '../folders';
import { withLog } from '../health';
import { start, stop, type Started } from '../supervisor';
import { setPassword, type Cluster } from './cluster';

const host = '127.0.0.1';
const pollMs = 100;
const silentSeconds = 60;
/** Recovery after a crash may read a lot, and says so all the while. */
const recoverySeconds = 900;
const stopGraceSeconds = 60;

export interface Access {
  readonly port: number;
  readonly password: string;
}

/** Starts the server and waits until it takes the password, which is set when it does not. */
export async function startServer(
  cluster: Cluster,
  access: Access,
  context: Context,
): Promise<void> {
  const folder = runFolder(context.stack, context.name);
  try {
    if (await ready(await launch(cluster, access.port, context), access, context)) return;
    context.progress('setting the password');
    await stop(folder);
    await setPassword(cluster, access.password);
    if (await ready(await launch(cluster, access.port, context), access, context)) return;
    throw new UserError(`${context.name} does not take its password even after it was set`);
  } catch (error) {
    await stop(folder);
    throw error;
  }
}

/** Makes the database when it is missing, and tells which cluster this is. */
export async function prepare(
  access: Access,
  database: string,
): Promise<{ systemIdentifier: string; version: string }> {
  return withClient(url(access, 'postgres'), async (client) => {
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (!found.rowCount) await client.query(`create database ${client.escapeIdentifier(database)}`);
    const { rows } = await client.query<{ systemIdentifier: string; version: string }>(
      `select system_identifier::text as "systemIdentifier", current_setting('server_version') as version
       from pg_control_system()`,
    );
    const [row] = rows;
    if (!row) throw new Error('pg_control_system() returned nothing');
    return row;
  });
}

/** What a server says when asked once: `refused` when the password is another, `absent` when it lacks the database. */
export async function ask(access: Access, database: string): Promise<'answers' | Unreachable> {
  try {
    await withClient(url(access, database), (client) => client.query('select'));
    return 'answers';
  } catch (error) {
    return error instanceof UnreachableError ? error.why : 'silent';
  }
}

function launch(
  { data, binaries, user }: Cluster,
  port: number,
  { stack, name, urn: owner }: Context,
): Promise<Started> {
  const program = {
    command: [`${binaries.bin}/postgres`, '-D', data],
    workdir: data,
    environment: {},
    user,
  };
  // SIGINT is Postgres's fast shutdown: it ends sessions instead of waiting for them.
  return start(runFolder(stack, name), program, {
    kind: 'postgres',
    owner,
    port,
    data,
    stopSignal: 'SIGINT',
    stopGraceSeconds,
  });
}

/** Waits until the server answers: true when it takes the password, false when it refuses it. */
async function ready(started: Started, access: Access, context: Context): Promise<boolean> {
  const begun = Date.now();
  let told = 0;
  const ended = { words: '' };
  void started.ended.then(({ words }) => (ended.words = words));
  for (;;) {
    await sleep(pollMs);
    const said = await greet(access);
    if (ended.words) throw new UserError(withLog(`Postgres ${ended.words}`, started));
    if (typeof said === 'boolean') return said;
    context.signal.throwIfAborted();
    const seconds = Math.round((Date.now() - begun) / 1000);
    const patience = /starting up|recovery|not yet accepting/.test(said)
      ? recoverySeconds
      : silentSeconds;
    if (seconds > patience) {
      throw new UserError(withLog(`Postgres was not ready within ${patience} s: ${said}`, started));
    }
    if (seconds > told) context.progress(`waiting for Postgres (${(told = seconds)} s): ${said}`);
  }
}

async function greet(access: Access): Promise<boolean | string> {
  try {
    await withClient(url(access, 'postgres'), (client) => client.query('select'));
    return true;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return error.why === 'refused' ? false : error.message;
  }
}

function url({ port, password }: Access, database: string): string {
  return `postgresql://postgres:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`;
}
