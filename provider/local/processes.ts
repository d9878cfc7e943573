import path from 'node:path';
import { existsSync } from 'node:fs';
import { runFolders, shortName, stackFolder } from './folders';
import { markedFolders, processesIn } from './identity';
import { tail } from './log';
import { describe, living, stop, type Description } from './supervisor';

/** One process of a stack, as far as this machine knows it. */
export interface LocalProcess {
  /** The resource's name in the program. */
  readonly name: string;
  readonly kind: Description['kind'];
  readonly running: boolean;
  readonly pid?: number;
  /** Its last lines. */
  readonly logTail: string;
}

/** The processes that a stack has started on this machine, in the order of their start; Postgres first. */
export function localProcesses(stack: string): LocalProcess[] {
  return inOrder(stack).map(({ name, folder, description }) => {
    const found = living(folder);
    return {
      name,
      kind: description.kind,
      running: found !== undefined,
      ...(found && { pid: found.pid }),
      logTail: tail(path.join(folder, 'log')),
    };
  });
}

/**
 * Stops the processes of a stack, the last started first and Postgres last; data and credentials stay.
 * Calls `stopping` with the name of each before it is stopped, and returns the names of those that were running.
 */
export async function stopProcesses(
  stack: string,
  stopping?: (name: string) => void,
): Promise<string[]> {
  const stopped: string[] = [];
  for (const { name, folder } of inOrder(stack).reverse()) {
    if (!living(folder)) continue;
    stopping?.(name);
    await stop(folder);
    stopped.push(name);
  }
  return stopped;
}

/** A living process that uses a data directory. */
export function userOf(data: string): number | undefined {
  const own = runFolders()
    .map(({ folder }) => living(folder))
    .find((found) => found?.description.data === data);
  return own?.pid ?? (existsSync(data) ? processesIn(data)[0] : undefined);
}

function inOrder(stack: string) {
  const rank = ({ kind, startedAt }: Description) => `${kind === 'postgres' ? 0 : 1} ${startedAt}`;
  const run = path.join(stackFolder(stack), 'run');
  const noted = runFolders().filter((found) => found.stack === shortName(stack));
  // A process whose folder was deleted still runs, and still carries its name.
  const unnoted = markedFolders()
    .filter((folder) => path.dirname(folder) === run && !noted.some((one) => one.folder === folder))
    .map((folder) => ({ name: path.basename(folder), folder }));
  return [...noted, ...unnoted]
    .flatMap((found) => {
      const description = describe(found.folder);
      return description ? [{ ...found, description }] : [];
    })
    .sort((a, b) => rank(a.description).localeCompare(rank(b.description)));
}
