import { z } from 'zod';
import { type Assumed, assumptions } from './assumptions';
import type { Recorded } from './recorded';

/** So much of something that has a price. */
export interface Usage {
  /** As the price list calls it: `instance:m7i.large`. */
  readonly item: string;
  /** A whole number of the price's unit. */
  readonly quantity: number;
  /** What it is, for people. */
  readonly what: string;
  /** True when the quantity is an assumption. */
  readonly assumed: boolean;
}

/** What a resource uses in a month. `all` are the resources of the same deployment. */
export type UsageOf = (resource: Recorded, all: readonly Recorded[]) => Usage[];

/** Something that has to be known to count, and is not. */
export class NotKnown extends Error {}

const hoursPerMonth = 730;

/** `count` of something that costs by the hour. */
export function byHour(item: string, what: string, count = 1): Usage[] {
  return of(item, what, count * hoursPerMonth);
}

/** So much of something; nothing when there is none of it. */
export function of(item: string, what: string, quantity: number): Usage[] {
  return quantity > 0 ? [{ item, what, quantity, assumed: false }] : [];
}

/** As much as is assumed; `what` says of what. */
export function assumed(item: Assumed, what: string): Usage[] {
  return [{ item, what, quantity: assumptions[item].quantity, assumed: true }];
}

/**
 * Counts from those inputs that `shape` names. Values that are only known once they are deployed are no numbers, so
 * that a resource with such a size is reported instead of counted.
 */
export function counted<Shape extends z.ZodType>(
  shape: Shape,
  usages: (inputs: z.output<Shape>, resource: Recorded, all: readonly Recorded[]) => Usage[],
): UsageOf {
  return (resource, all) => {
    const inputs = shape.safeParse(resource.inputs);
    if (inputs.success) return usages(inputs.data, resource, all);
    const where = inputs.error.issues.map(({ path }) => path.join('.'));
    throw new NotKnown(`${[...new Set(where)].join(', ')} not known`);
  };
}

/** Numbers stand as text in the inputs of some resources. */
export const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
export const flag = z.union([z.boolean(), z.stringbool()]);
