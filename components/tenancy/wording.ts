import { nearest } from '../../engine/nearest';

/** Keys that nobody reads, a sentence each. */
export function unknownKeys(
  prefix: string,
  value: Record<string, unknown>,
  known: readonly string[],
): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${prefix}${key} is not known; allowed: ${known.join(', ')}${meant(key, known)}`);
}

/** The word that was meant, in parentheses; nothing when none is near. */
export function meant(given: unknown, known: readonly string[]): string {
  const word = typeof given === 'string' ? nearest(given, known) : undefined;
  return word === undefined ? '' : ` (did you mean '${word}'?)`;
}

/** What is wrong with a word of which only some are allowed: nothing, or a sentence. */
export function wordProblems(where: string, word: unknown, allowed: readonly string[]): string[] {
  if (typeof word === 'string' && allowed.includes(word)) return [];
  const received = word === undefined ? 'is missing' : `is ${show(word)}`;
  return [`${where} ${received}; allowed: ${allowed.join(', ')}${meant(word, allowed)}`];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it is shown in a sentence. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return value === undefined ? 'undefined' : JSON.stringify(value);
}
