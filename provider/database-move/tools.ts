import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../engine/errors';
import { wayOf } from '../database/connect';
import { localPort, type LocalPort } from '../reach/local-port';
import { databaseAt } from '../tenancy/clusters';

/** Postgres' own programs, as the shell finds them: of the source's major or newer. */
export interface Tools {
  readonly dump: string;
  readonly restore: string;
}

export const toolsOnPath: Tools = { dump: 'pg_dump', restore: 'pg_restore' };

/** What a program of Postgres works on. Throws its last lines when it fails. */
interface Work {
  readonly program: string;
  readonly args: readonly string[];
  /** An admin's; the password goes by the environment, where no list of processes shows it. */
  readonly url?: string;
  readonly database?: string;
  readonly signal?: AbortSignal | undefined;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Runs a program, gives it `input` and returns what it writes. */
export async function run(work: Work, input?: Buffer): Promise<Buffer> {
  const [local] = await portsTo(work);
  const { child, ended } = start(work, local);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A program that has ended early says why itself.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await ended;
  return Buffer.concat(chunks);
}

/** Leads what one program writes into another. */
export async function runInto(from: Work, into: Work): Promise<void> {
  const [source, target] = await portsTo(from, into);
  const [reader, writer] = [start(from, source), start(into, target)];
  reader.child.stdin.end();
  writer.child.stdout.resume();
  const passed = pipeline(reader.child.stdout, writer.child.stdin).catch(() => undefined);
  // When one fails the other would wait for it for ever.
  const stop = (error: unknown): never => {
    reader.child.kill();
    writer.child.kill();
    throw error;
  };
  const results = await Promise.allSettled([
    writer.ended.catch(stop),
    reader.ended.catch(stop),
    passed,
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The major version of a program of Postgres. */
export async function majorOf(program: string): Promise<number> {
  const said = (await run({ program, args: ['--version'] })).toString();
  const major = /\) (\d+)/.exec(said)?.[1];
  if (major === undefined) throw new UserError(`${program} does not tell its version: ${said}`);
  return Number(major);
}

/** The ports that lead to servers which are behind a `reach`. No program is started before all ways are open. */
async function portsTo(...works: readonly Work[]): Promise<(LocalPort | undefined)[]> {
  const ways = await Promise.all(
    works.map(async ({ url }) => (url === undefined ? undefined : wayOf(url))),
  );
  return Promise.all(ways.map(async (way) => way && localPort(way)));
}

function start(
  work: Work,
  local: LocalPort | undefined,
): { readonly child: Child; readonly ended: Promise<void> } {
  const { program, args, signal } = work;
  const child = spawn(program, [...args], {
    env: { ...ownEnvironment(), ...environmentOf(work, local) },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error) => {
      reject(new UserError(`${program} cannot be run: ${error.message}`));
    });
    child.on('close', (code, killed) => {
      local?.close();
      if (code === 0) resolve();
      else reject(new UserError(`${program} failed (${code ?? killed}): ${lastLines(said)}`));
    });
  });
  return { child, ended };
}

function lastLines(said: readonly string[]): string {
  return said.join('').trim().split('\n').slice(-6).join('\n');
}

/** Without what a person's shell says of Postgres: it may be of another server (PGSERVICE, PGHOSTADDR). */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
}

/** What libpq reads in place of a connection URL: the host is whom the certificate has to name, `local` how it is found. */
function environmentOf(
  { url, database }: Work,
  local: LocalPort | undefined,
): Record<string, string> {
  if (url === undefined || database === undefined) return {};
  const { hostname, port, username, password, searchParams } = new URL(databaseAt(url, database));
  const more = {
    PGHOSTADDR: local?.host ?? searchParams.get('hostaddr'),
    PGSSLMODE: searchParams.get('sslmode'),
    PGSSLROOTCERT: searchParams.get('sslrootcert'),
  };
  return {
    PGHOST: hostname,
    PGPORT: local?.port ?? (port === '' ? '5432' : port),
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: database,
    PGAPPNAME: 'strata-move',
    PGCONNECT_TIMEOUT: '10',
    ...Object.fromEntries(
      Object.entries(more).filter((entry): entry is [string, string] => entry[1] !== null),
    ),
  };
}
