import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../provider/local/folders';
import { identify, isAlive, type ProcessId } from './processes';

/** What is held, and by whom; kept in a file that other processes read. */
export interface Holder extends ProcessId {
  /** In words: what the holder is doing. */
  readonly purpose: string;
  /** ISO 8601. */
  readonly since: string;
}

/** The hold of this process; `release` lets the next one in. */
export interface Hold {
  release(): void;
}

/**
 * Takes `file` for this process, or tells which living process holds it. A hold whose process is gone is nobody's.
 *
 * The file appears with its whole content at once (a hard link to a finished file), so nobody reads half of it.
 */
export function hold(file: string, purpose: string): Hold | Holder {
  makeFolder(path.dirname(file));
  const mine = `${file}.${String(process.pid)}`;
  const self = identify(process.pid) ?? { pid: process.pid, started: '' };
  const holder: Holder = { ...self, purpose, since: new Date().toISOString() };
  writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(mine, file);
        return {
          release: () => {
            rmSync(file, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = readHolder(file);
      if (other) return other;
      discard(file);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The living process that holds `file`. */
export function readHolder(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return isAlive(holder) ? holder : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Moves a dead hold aside under a name of our own, so that of two processes only one removes it. */
function discard(file: string): void {
  const aside = `${file}.dead-${String(process.pid)}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const taken = readHolder(aside);
  if (taken) {
    // Somebody replaced the dead hold between our look and our move: give theirs back.
    try {
      linkSync(aside, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}
