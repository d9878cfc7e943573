import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../engine/errors';
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
  const { child, ended } = start(work);
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
  const [reader, writer] = [start(from), start(into)];
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

function start(work: Work): { readonly child: Child; readonly ended: Promise<void> } {
  const { program, args, signal } = work;
  const child = spawn(program, [...args], {
    env: { ...process.env, ...environmentOf(work) },
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
      if (code === 0) resolve();
      else reject(new UserError(`${program} failed (${code ?? killed}): ${lastLines(said)}`));
    });
  });
  return { child, ended };
}

function lastLines(said: readonly string[]): string {
  return said.join('').trim().split('\n').slice(-6).join('\n');
}

/** What libpq reads in place of a connection URL. */
function environmentOf({ url, database }: Work): Record<string, string> {
  if (url === undefined || database === undefined) return {};
  const { hostname, port, username, password, searchParams } = new URL(databaseAt(url, database));
  const tls = {
    PGSSLMODE: searchParams.get('sslmode'),
    PGSSLROOTCERT: searchParams.get('sslrootcert'),
  };
  return {
    PGHOST: hostname,
    PGPORT: port === '' ? '5432' : port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: database,
    PGAPPNAME: 'strata-move',
    PGCONNECT_TIMEOUT: '10',
    ...Object.fromEntries(
      Object.entries(tls).filter((entry): entry is [string, string] => entry[1] !== null),
    ),
  };
}
