import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { load } from '../../engine/loader';
import { root } from '../../engine/root';
import type { Problem } from '../settings/errors';
import { oneOf, showKey, showText } from '../settings/show';
import type { TableFence } from '../tenancy/statements';
import type { FunctionDefinition } from './images/functions/api';
import { readDefinition } from './images/functions/definition';

/** A function as its file declares it, without its code: what a deployment has to know. */
export type DeclaredFunction = {
  /** The file's name: the function's in paths, logs and events. */
  readonly name: string;
  /** Relative to the project. */
  readonly file: string;
} & WithoutHandler<FunctionDefinition>;

type WithoutHandler<Definition> = Definition extends unknown ? Omit<Definition, 'handler'> : never;

interface Found {
  readonly functions: readonly DeclaredFunction[];
  readonly problems: readonly Problem[];
}

const fileName = /^[a-z][a-z0-9-]{0,39}\.ts$/;
const code = /\.[cm]?[jt]sx?$/;

/**
 * The functions of an application's folder, by name, and everything that is wrong with any of them: file names, syntax,
 * exports, patterns, tables that are not among `tables` (those of tenancy.ts), a queue with two workers.
 *
 * Runs each file's top level as tenancy.ts is run. Folders below `functions/` are the functions' own modules.
 */
export function readFunctions(app: string, tables: readonly string[]): Found {
  const folder = path.resolve(root, app, 'functions');
  const files = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile() && code.test(entry.name))
        .map((entry) => path.relative(root, path.join(folder, entry.name)))
        .sort()
    : [];
  const read = files.map(readFunction);
  const functions = read.flatMap((found) => found.functions);
  return {
    functions,
    problems: [
      ...read.flatMap((found) => found.problems),
      ...functions.flatMap((found) => tableProblems(found, tables)),
      ...sharedQueues(functions),
    ],
  };
}

/** Table → the triggers that enter its changes for those who wait for them. */
export type Events = Readonly<Record<string, TableFence['triggers']>>;

/** What functions have to be told of. */
export function eventTriggers(functions: readonly DeclaredFunction[]): Events {
  const events: Record<string, Record<string, string>> = {};
  for (const declared of functions) {
    if (declared.kind !== 'event') continue;
    (events[declared.table] ??= {})[trigger(declared.name)] = tail(
      declared.name,
      declared.operations,
    );
  }
  return events;
}

/** Both: a table may have triggers of either. */
export function together(some: Events, others: Events): Events {
  const tables = [...Object.keys(some), ...Object.keys(others)];
  return Object.fromEntries(tables.map((table) => [table, { ...some[table], ...others[table] }]));
}

/** The fences with these triggers: a preview shows them at the table, and they go with the function. */
export function withEvents(fences: readonly TableFence[], events: Events): TableFence[] {
  return fences.map((fence) => ({
    ...fence,
    triggers: { ...fence.triggers, ...events[fence.table] },
  }));
}

function trigger(name: string): string {
  return `strata_event_${name.replaceAll('-', '_')}`;
}

function tail(name: string, operations: readonly string[]): string {
  const changes = [...operations].sort().join(' or ');
  return `after ${changes} on TABLE for each row execute function outbox.record('${name}')`;
}

function readFunction(file: string): Found {
  const base = path.basename(file);
  if (!fileName.test(base)) {
    return wrong(file, [
      'its name must be a lower-case letter, then up to 39 of a-z, 0-9 and -, and end in .ts ' +
        '(modules that functions share stand in a folder below)',
    ]);
  }
  try {
    const read = readDefinition(load(file));
    if ('problems' in read) return wrong(file, read.problems);
    const { handler: _handler, ...rest } = read.definition;
    return { functions: [{ name: path.basename(file, '.ts'), file, ...rest }], problems: [] };
  } catch (error) {
    return wrong(file, [error instanceof Error ? error.message : String(error)]);
  }
}

function tableProblems(declared: DeclaredFunction, tables: readonly string[]): readonly Problem[] {
  if (declared.kind !== 'event' || tables.includes(declared.table)) return [];
  return wrong(declared.file, [
    `tenancy.ts declares no table ${showText(declared.table)}; it declares ${oneOf(tables)}`,
  ]).problems;
}

function sharedQueues(functions: readonly DeclaredFunction[]): readonly Problem[] {
  const owners = new Map<string, string>();
  return functions.flatMap((declared) => {
    if (declared.kind !== 'worker') return [];
    const owner = owners.get(declared.queue);
    owners.set(declared.queue, owner ?? declared.file);
    if (owner === undefined) return [];
    return wrong(declared.file, [
      `the queue ${declared.queue} has a worker in ${owner}: each job would go to one of them by chance`,
    ]).problems;
  });
}

function wrong(file: string, reasons: readonly string[]): Found {
  const problems = reasons.map((reason) => ({
    key: showKey(['app']),
    reason: `holds a function that cannot be deployed: ${file}`,
    advice: reason,
  }));
  return { functions: [], problems };
}
