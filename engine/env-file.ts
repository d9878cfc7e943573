import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { UserError } from './errors';

const longest = 1024 * 1024;

/** A file of `NAME=value` lines. */
export interface EnvFile {
  readonly values: ReadonlyMap<string, string>;
  /** Names with more than one line; the last one counts. */
  readonly repeated: readonly string[];
}

/** Reads a dotenv file by Node's own rules of quoting. Throws when it is none. */
export function readEnvFile(file: string): EnvFile {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new UserError(`${file} is not there.`);
  if (!found.isFile()) throw new UserError(`${file} is not a file.`);
  if (found.size > longest)
    throw new UserError(`${file} is larger than 1 MB: that is no .env file.`);
  const bytes = readFileSync(file);
  const text = bytes.toString('utf8');
  if (bytes.includes(0) || text.includes('\uFFFD')) {
    throw new UserError(`${file} is not a text in UTF-8.`);
  }
  const values = new Map(
    Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']),
  );
  const names = Array.from(
    text.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=/gm),
    ([, n]) => n,
  );
  const repeated = names.filter((name, index) => name !== undefined && names.indexOf(name) < index);
  return { values, repeated: [...new Set(repeated)].flatMap((name) => name ?? []) };
}
