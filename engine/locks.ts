import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandOf } from './processes';

/** A lock of Pulumi's file backend, as it stands in its file. */
export interface Lock {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** RFC 3339. */
  readonly timestamp: string;
}

export type LockState = 'living' | 'dead' | 'elsewhere';

/**
 * The locks of `stack` in a file backend. A lock that is being written right now counts as none: its writer will find
 * ours.
 */
export function readLocks(folder: string, project: string, stack: string): Lock[] {
  const locks = path.join(folder, '.pulumi', 'locks', 'organization', project, stack);
  if (!existsSync(locks)) return [];
  return readdirSync(locks)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(path.join(locks, name), 'utf8')) as Lock];
      } catch {
        return [];
      }
    });
}

/**
 * Whether the engine that took a lock still runs. A pid that another program has by now is dead: after a restart, and
 * in containers at once, pids come again.
 */
export function stateOf(lock: Lock, hostname = os.hostname()): LockState {
  if (lock.hostname !== hostname) return 'elsewhere';
  return commandOf(lock.pid).includes('pulumi') ? 'living' : 'dead';
}
