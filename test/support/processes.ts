import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A living process, as /proc shows it. */
export interface Living {
  readonly pid: number;
  readonly parent: number;
  /** Arguments, separated by spaces. */
  readonly command: string;
}

/**
 * Every living process that has to do with a folder: that works in it, or names it in its arguments or its environment.
 * Looks by itself instead of asking the product, whose way to find its processes is what tests doubt.
 */
export function processesAbout(folder: string): Living[] {
  return everyProcess().filter(
    ({ pid, command }) =>
      command.includes(folder) ||
      look(() => readlinkSync(`/proc/${String(pid)}/cwd`)).startsWith(folder) ||
      look(() => readFileSync(`/proc/${String(pid)}/environ`, 'utf8')).includes(folder),
  );
}

/** Those of them that no other one of them started: a server without its children. */
export function serversOf(folder: string): Living[] {
  const found = processesAbout(folder);
  const pids = new Set(found.map(({ pid }) => pid));
  return found.filter(({ parent }) => !pids.has(parent));
}

/** Living processes, zombies left out. */
export function everyProcess(): Living[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const stat = look(() => readFileSync(`/proc/${name}/stat`, 'utf8'));
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === undefined || state === '' || state === 'Z' || state === 'X') return [];
      const command = look(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'));
      return [
        { pid: Number(name), parent: Number(parent), command: command.replaceAll('\0', ' ') },
      ];
    });
}

/** Kills every process that has to do with a folder, also those that come up meanwhile. */
export async function endAll(folder: string): Promise<void> {
  for (
    let found = processesAbout(folder);
    found.length > 0;
    await sleep(20), found = processesAbout(folder)
  ) {
    for (const { pid } of found) kill(pid);
  }
}

/** Resolves when a process has ended. */
export async function gone(pid: number): Promise<void> {
  while (everyProcess().some((process) => process.pid === pid)) await sleep(20);
}

/** SIGKILL, unless it has ended by itself; a negative pid is a process group. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes end while one looks at them. */
function look(at: () => string): string {
  try {
    return at();
  } catch {
    return '';
  }
}
