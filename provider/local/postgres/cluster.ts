import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../engine/errors';
import { commandOf } from '../../../engine/processes';
import { scramVerifier } from '../../database/scram';
import type { User } from '../folders';
import { processesIn } from '../identity';
import { signal } from '../supervisor';
import { runBinary, type Binaries } from './binaries';
import { confFile, renderConf, renderHba } from './configuration';

const leaveSeconds = 2;

/** A data directory, and who works in it. */
export interface Cluster {
  readonly data: string;
  readonly binaries: Binaries;
  readonly user: User | undefined;
}

/** The major version that a data directory was made by; undefined when there is none. */
export function majorOf(data: string): number | undefined {
  const file = path.join(data, 'PG_VERSION');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/**
 * Makes the data directory unless it is there. It is made beside its place and then renamed, so that one whose making
 * was interrupted is never taken for a database.
 */
export async function ensureCluster(
  cluster: Cluster,
  password: string,
  stopping: AbortSignal,
): Promise<void> {
  const { data, binaries, user } = cluster;
  const above = path.dirname(data);
  for (const name of readdirSync(above).filter((entry) => entry.startsWith('unfinished-'))) {
    // An initdb whose provider was killed may still be writing there for a moment.
    rmSync(path.join(above, name), { recursive: true, force: true, maxRetries: 20 });
  }
  if (majorOf(data) !== undefined) return;
  if (existsSync(data)) {
    throw new UserError(`${data} is not a Postgres data directory: move it away`);
  }
  const work = path.join(above, `unfinished-${process.pid}`);
  const made = path.join(work, 'data');
  const passwordFile = path.join(work, 'password');
  mkdirSync(work, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user) [work, passwordFile].forEach((file) => chownSync(file, user.uid, user.gid));
  try {
    await runBinary(binaries, 'initdb', initArguments(made, passwordFile, binaries.major), {
      user,
      cwd: work,
      signal: stopping,
    });
    rmSync(passwordFile);
    appendFileSync(path.join(made, 'postgresql.conf'), `\ninclude = '${confFile}'\n`);
    renameSync(made, data);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Writes the settings and who may connect. */
export function configure(
  { data, user }: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): void {
  for (const [name, content] of [
    [confFile, renderConf(port, settings)],
    ['pg_hba.conf', renderHba()],
  ] as const) {
    const file = path.join(data, name);
    const unfinished = `${file}.new`;
    writeFileSync(unfinished, content, { mode: 0o600 });
    if (user) chownSync(unfinished, user.uid, user.gid);
    renameSync(unfinished, file);
  }
}

/**
 * Makes a data directory ready for a start after its server was killed: the server's children end, and its lock file,
 * whose pid may be somebody else's by now, goes.
 */
export async function clearRemains(data: string): Promise<void> {
  const lock = path.join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const server = Number.parseInt(readFileSync(lock, 'utf8'), 10);
  if (processesIn(data).includes(server) || commandOf(server).includes(data)) {
    throw new UserError(
      `process ${server} is a Postgres on ${data} that Strata did not start: stop it first`,
    );
  }
  // Children of a killed server end by themselves as soon as they notice; one in a long computation does not notice.
  for (const last of ['SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
    for (
      const deadline = Date.now() + leaveSeconds * 1000;
      Date.now() < deadline && processesIn(data).length > 0;
    ) {
      await sleep(50);
    }
    processesIn(data).forEach((pid) => signal(pid, last));
  }
  rmSync(lock, { force: true });
}

/** Sets the superuser's password on a server that is stopped: who owns the files needs no password. */
export async function setPassword(
  { data, binaries, user }: Cluster,
  password: string,
): Promise<void> {
  await runBinary(binaries, 'postgres', ['--single', '-D', data, 'postgres'], {
    user,
    cwd: data,
    input: `alter role postgres password '${scramVerifier(password)}'\n`,
  });
}

function initArguments(data: string, passwordFile: string, major: number): string[] {
  // Sorts by code point, the same on every system; the builtin provider came with 17.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  return [
    ...['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    ...['--encoding=UTF8', '--locale=C', ...locale, '--data-checksums'],
  ];
}
