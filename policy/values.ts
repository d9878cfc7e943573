/** Stands for a value that is known only once its resource is made: rules let it pass, and see it again then. */
export const notYetKnown: unique symbol = Symbol('known only after the deployment');

export type Props = Readonly<Record<string, unknown>>;

/** What lies at a path of properties. Below what is not yet known, nothing is known. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (here === notYetKnown) return notYetKnown;
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Props)[key];
  }
  return here;
}

/** True for each of the allowed values, and for one that is not yet known. */
export function is(value: unknown, ...allowed: readonly unknown[]): boolean {
  return value === notYetKnown || allowed.includes(value);
}

/** True when there is a value, known or not. */
export function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** The members of a list; AWS's policies write lists of one without brackets. */
export function list(value: unknown): readonly unknown[] {
  if (!given(value)) return [];
  return Array.isArray(value) ? value : [value];
}

/** The texts in a list. */
export function texts(value: unknown): string[] {
  return list(value).filter((member) => typeof member === 'string');
}

/** A value in a message; rules that look at secrets never show them. */
export function shown(value: unknown): string {
  return given(value) ? JSON.stringify(value) : 'not set';
}
