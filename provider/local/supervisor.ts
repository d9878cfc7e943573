import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../engine/errors';
import { makeFolder, type User } from './folders';
import { marker, processesOf } from './identity';
import { openLog, tail } from './log';

const pollMs = 50;
const killSeconds = 10;

/** What is passed on of the provider's own environment; its secrets stay with it. */
const inherited = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'];

/** What is noted beside a process, for whoever looks at it or stops it later. */
export interface Description {
  readonly kind: 'postgres' | 'process' | 'job';
  /** The URN of the resource that started it; unknown when the note was lost. */
  readonly owner?: string;
  /** A port that it listens on. */
  readonly port?: number;
  /** The data directory that it works in. */
  readonly data?: string;
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceSeconds: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface Program {
  readonly command: readonly string[];
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Another user than the provider's. */
  readonly user?: User | undefined;
}

/** A process that was just started. */
export interface Started {
  readonly pid: number;
  /** How it ended, in words; settles only if it ends while the provider lives. */
  readonly ended: Promise<{ code: number | null; words: string }>;
  /** The last lines it wrote since this start. */
  logTail(): string;
}

/**
 * Starts a program in a session of its own, so that it outlives the provider; output goes to `log` in `folder`.
 *
 * The process writes its own pid to the file `pid` before it becomes the program, and carries the folder's name in its
 * environment: a provider killed at any moment leaves nothing that the next one cannot find.
 */
export async function start(
  folder: string,
  program: Program,
  description: Omit<Description, 'startedAt'>,
): Promise<Started> {
  makeFolder(folder, 0o700);
  const noted: Description = { ...description, startedAt: new Date().toISOString() };
  note(folder, noted);
  const [command = '', ...args] = program.command;
  const log = path.join(folder, 'log');
  const { fd, from } = openLog(log);
  const pidFile = openSync(path.join(folder, 'pid'), 'w', 0o600);
  const child = spawn(
    '/bin/sh',
    // The project's own Node, whatever the machine's is.
    [
      '-c',
      'echo $$ >&3; exec 3>&-; exec "$@"',
      'sh',
      command === 'node' ? process.execPath : command,
      ...args,
    ],
    {
      cwd: program.workdir,
      env: { ...passedOn(), ...program.environment, [marker]: folder },
      stdio: ['ignore', fd, fd, pidFile],
      detached: true,
      ...program.user,
    },
  );
  closeSync(fd);
  closeSync(pidFile);
  const ended = new Promise<{ code: number | null; words: string }>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({
        code,
        words: signal ? `was ended by ${signal}` : `ended with exit code ${String(code)}`,
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(new UserError(`cannot start ${command} in ${program.workdir}: ${error.message}`));
    });
  });
  child.unref();
  return { pid: child.pid ?? 0, ended, logTail: () => tail(log, from) };
}

/** The process of a run folder while it lives. */
export function living(folder: string): { pid: number; description: Description } | undefined {
  const description = describe(folder);
  if (!description) return undefined;
  const members = processesOf(folder);
  const recorded = Number(readIf(path.join(folder, 'pid')));
  const pid = members.includes(recorded) ? recorded : members[0];
  return pid === undefined ? undefined : { pid, description };
}

/** What was noted when the process of a run folder was last started. */
export function describe(folder: string): Description | undefined {
  const text = readIf(path.join(folder, 'process.json'));
  if (text) return JSON.parse(text) as Description;
  return processesOf(folder).length > 0 ? unnoted : undefined;
}

/** A process whose run folder was deleted under it; SIGINT ends a Postgres as well as anything else. */
const unnoted: Description = {
  kind: 'process',
  stopSignal: 'SIGINT',
  stopGraceSeconds: 10,
  startedAt: '',
};

/**
 * Ends the process of a run folder and all its children: asks first, waits for as long as it was given, then kills.
 * Nothing happens when it does not live.
 */
export async function stop(folder: string): Promise<void> {
  const found = living(folder);
  if (!found) return;
  const { stopSignal, stopGraceSeconds } = found.description;
  if (
    !(await endAll(folder, stopSignal, stopGraceSeconds)) &&
    !(await endAll(folder, 'SIGKILL', killSeconds))
  ) {
    throw new UserError(
      `process ${found.pid} (${path.basename(folder)}) does not end, even when killed`,
    );
  }
  // A child that cleared its environment is not found by it, but still belongs to the process's group.
  signal(-found.pid, 'SIGKILL', ['ESRCH', 'EPERM']);
  rmSync(path.join(folder, 'pid'), { force: true });
}

/**
 * Ends the process of a run folder and removes the folder, unless another resource owns it by now: one of the same name
 * but another URN (the tier was changed) takes the folder over before the former one is deleted.
 */
export async function discard(folder: string, owner: string): Promise<void> {
  const description = describe(folder);
  if (description?.owner !== undefined && description.owner !== owner) return;
  await stop(folder);
  rmSync(folder, { recursive: true, force: true });
}

async function endAll(
  folder: string,
  name: NodeJS.Signals,
  graceSeconds: number,
): Promise<boolean> {
  const deadline = Date.now() + graceSeconds * 1000;
  const asked = new Set<number>();
  for (;;) {
    const members = processesOf(folder);
    if (members.length === 0) return true;
    if (Date.now() > deadline) return false;
    for (const pid of members.filter((member) => !asked.has(member))) {
      asked.add(pid);
      signal(pid, name);
      // One that was suspended would not hear it.
      signal(pid, 'SIGCONT');
    }
    await sleep(pollMs);
  }
}

/** Sends a signal; a process that ended meanwhile needs none. */
export function signal(pid: number, name: NodeJS.Signals, allowed = ['ESRCH']): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!allowed.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Appears at once: whoever is killed while writing leaves the former note. */
function note(folder: string, description: Description): void {
  const unfinished = path.join(folder, 'process.json.new');
  writeFileSync(unfinished, JSON.stringify(description), { mode: 0o600 });
  renameSync(unfinished, path.join(folder, 'process.json'));
}

function passedOn(): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function readIf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
