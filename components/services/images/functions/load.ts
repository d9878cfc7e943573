import { createRequire } from 'node:module';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { FunctionDefinition } from './api';
import { readDefinition } from './definition';

/** Functions of one kind, by name. */
export type Named<Kind extends FunctionDefinition['kind']> = ReadonlyMap<
  string,
  Extract<FunctionDefinition, { kind: Kind }>
>;

/**
 * Every function of a folder of bundles (`<name>.cjs`), by name; none where there is no folder.
 * Throws when a file is none: a deployment would have refused it.
 */
export function loadFunctions(folder: string): ReadonlyMap<string, FunctionDefinition> {
  if (!existsSync(folder)) return new Map();
  const load = createRequire(path.join(path.resolve(folder), 'index.cjs'));
  return new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.cjs'))
      .map((file) => {
        const read = readDefinition(load(`./${file}`));
        if ('problems' in read) throw new Error(`${file}: ${read.problems.join('; ')}`);
        return [path.basename(file, '.cjs'), read.definition];
      }),
  );
}

/** Those of one kind. */
export function ofKind<Kind extends FunctionDefinition['kind']>(
  functions: ReadonlyMap<string, FunctionDefinition>,
  kind: Kind,
): Named<Kind> {
  return new Map(
    [...functions].filter(
      (entry): entry is [string, Extract<FunctionDefinition, { kind: Kind }>] =>
        entry[1].kind === kind,
    ),
  );
}
