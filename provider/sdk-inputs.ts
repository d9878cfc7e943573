import type * as pulumi from '@pulumi/pulumi';

/** A value that may come later, or whose parts may. */
type Later<T> = pulumi.Input<T extends object ? { [K in keyof T]: Later<T[K]> } : T>;

/** Inputs as a program gives them. */
export type Args<T> = { [K in keyof T]: Later<T[K]> };

/** A resource's properties: what is given, and the outputs that only the provider knows. */
export function withOutputs<Inputs extends object>(
  inputs: Args<Inputs>,
  outputs: readonly string[],
): Record<string, unknown> {
  return { ...Object.fromEntries(outputs.map((name) => [name, undefined])), ...inputs };
}
