import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that can be told apart from a later one that got the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in whatever form the system tells it. */
  readonly started: string;
}

/** The identity of a living process; `undefined` when there is none with this pid. */
export function identify(pid: number): ProcessId | undefined {
  const started = startOf(pid);
  return started ? { pid, started } : undefined;
}

/** True while the very process that was identified lives. */
export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.started === id.started;
}

/** The command line of a living process; empty when there is none (or it ended and nobody has noticed yet). */
export function commandOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .replaceAll('\0', ' ')
      .trim();
  } catch {
    return '';
  }
}

/** Asks a process to end by `ask`, and ends it after `graceSeconds`. */
export async function end(id: ProcessId, ask: NodeJS.Signals, graceSeconds: number): Promise<void> {
  signal(id, ask);
  const deadline = Date.now() + graceSeconds * 1000;
  while (isAlive(id) && Date.now() < deadline) await sleep(100);
  signal(id, 'SIGKILL');
  while (isAlive(id)) await sleep(50);
}

/**
 * The living processes of the session that `leader` began, without itself: what it started and did not end.
 * Known on Linux only; elsewhere they notice by themselves, after a while, that it is gone.
 */
export function sessionOf(leader: ProcessId): ProcessId[] {
  if (process.platform !== 'linux') return [];
  const now = linuxStat(leader.pid);
  if (now && now.started !== leader.started) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== leader.pid)
    .flatMap((name) => {
      const stat = linuxStat(Number(name));
      const ours = stat?.session === leader.pid && Number(stat.started) >= Number(leader.started);
      return ours && !stat.ended ? [{ pid: Number(name), started: stat.started }] : [];
    });
}

/** Sends a signal to the very process that was identified, if it lives. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function startOf(pid: number): string {
  return process.platform === 'linux' ? linuxStart(pid) : ps(pid, 'lstart=');
}

function linuxStart(pid: number): string {
  const stat = linuxStat(pid);
  return stat && !stat.ended ? stat.started : '';
}

interface LinuxStat {
  /** Ended, but nobody has asked for its exit code yet. */
  readonly ended: boolean;
  readonly session: number;
  /** In clock ticks after the system's start. */
  readonly started: string;
}

function linuxStat(pid: number): LinuxStat | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in parentheses may hold spaces, so fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      ended: fields[0] === 'Z' || fields[0] === 'X',
      session: Number(fields[3]),
      started: fields[19] ?? '',
    };
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string {
  try {
    const args = ['-o', column, '-p', String(pid)];
    return execFileSync('ps', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
