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

/**
 * Which members of a record differ; the order of keys means nothing, since the engine gives them back in another one.
 * `property` says how a preview names a member, such as `policies.tenant_read`.
 */
export function memberDifferences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  property: (name: string) => string,
): Changes {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [property(name), 'update']));
}
