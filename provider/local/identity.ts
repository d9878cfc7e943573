import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { serverUser } from './folders';

/** Names a process's run folder in its environment: a pid alone may belong to somebody else by now. */
export const marker = 'STRATA_PROCESS';

/**
 * The living processes that were started for a run folder, and their children. Anybody may write our mark into an
 * environment, so only processes of the users that we start them as count.
 */
export function processesOf(folder: string): number[] {
  return process.platform === 'linux' ? fromProc(folder) : fromPs(folder);
}

/** The run folders that living processes carry in their environment, whether or not they still exist. */
export function markedFolders(): string[] {
  if (process.platform !== 'linux') return [];
  const mark = new RegExp(`\\0${marker}=([^\\0]*)\\0`);
  const found = ours().flatMap((pid) => mark.exec(`\0${environmentOf(pid)}`)?.[1] ?? []);
  return [...new Set(found)];
}

/** The living processes that work in a folder (as Postgres's do in its data), whoever started them. */
export function processesIn(folder: string): number[] {
  // Elsewhere than on Linux no cheap way tells it.
  if (process.platform !== 'linux') return [];
  return pids().filter((pid) => attempt(() => readlinkSync(`/proc/${pid}/cwd`)) === folder);
}

function fromProc(folder: string): number[] {
  return ours().filter((pid) => `\0${environmentOf(pid)}`.includes(`\0${marker}=${folder}\0`));
}

/** The processes of the users that we start processes as. */
function ours(): number[] {
  const users = new Set([process.geteuid?.(), serverUser()?.uid]);
  return pids().filter((pid) => users.has(ownerOf(pid)));
}

function environmentOf(pid: number): string {
  return attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? '';
}

function fromPs(folder: string): number[] {
  const output = execFileSync('ps', ['-axww', '-E', '-o', 'pid=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return output
    .split('\n')
    .filter((line) => `${line} `.includes(` ${marker}=${folder} `))
    .map((line) => Number.parseInt(line, 10));
}

function ownerOf(pid: number): number | undefined {
  return attempt(() => statSync(`/proc/${pid}`).uid);
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes end while one looks at them, and other users' cannot be looked into. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
