import type { Estimate, Line } from './estimate';

/** One thing that one resource uses, before and after; absent where there is none of it. */
export interface Change {
  readonly type: string;
  readonly resource: string;
  readonly what: string;
  readonly before?: Line;
  readonly after?: Line;
  readonly difference: bigint;
}

/**
 * Puts two estimates side by side. Resources are the same by type and name: a change of tier gives them other parents,
 * and so other URNs.
 */
export function compare(before: Estimate, after: Estimate): Change[] {
  const was = byKey(before.lines);
  const is = byKey(after.lines);
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((key) => {
    const [from, to] = [was.get(key), is.get(key)];
    const either = to ?? from;
    if (!either) return [];
    const { type, resource, what } = either;
    const difference = (to?.monthly ?? 0n) - (from?.monthly ?? 0n);
    return [
      { type, resource, what, difference, ...(from && { before: from }), ...(to && { after: to }) },
    ];
  });
}

function byKey(lines: readonly Line[]): Map<string, Line> {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.type} ${line.resource} ${line.item}`;
    const same = found.get(key);
    const monthly = (same?.monthly ?? 0n) + line.monthly;
    found.set(key, { ...line, quantity: (same?.quantity ?? 0) + line.quantity, monthly });
  }
  return found;
}
