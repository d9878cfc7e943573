import { isDeepStrictEqual } from 'node:util';
import type { Changes } from '../host/resource';

/** Which of the named properties differ, each asking for the same. Absent and undefined are the same. */
export function differences<Values extends object>(
  before: Values,
  after: Values,
  properties: readonly (keyof Values & string)[],
  effect: Changes[string],
): Changes {
  const changed = properties.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, effect]));
}
