import { readFileSync } from 'node:fs';

/** A variable of the environment. Throws when it is not set. */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** The text of the file that `<name>_FILE` names. Throws when that is not set or cannot be read. */
export function readSecret(name: string): string {
  return readFileSync(variable(`${name}_FILE`), 'utf8').trim();
}

/** A whole number from the environment. Throws when it is none, or below `least`. */
export function wholeNumber(name: string, least = 1): number {
  const value = Number(variable(name));
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${name} is not a whole number of ${String(least)} or more`);
}
