import { isFree } from './free';
import { money } from './money';
import { type PriceList, type Price, priceOf } from './prices';
import type { Recorded } from './recorded';
import { NotKnown, type Usage, type UsageOf } from './usage';
import { data } from './usages/data';
import { network } from './usages/network';
import { operations } from './usages/operations';
import { servers } from './usages/servers';

/** Each type of AWS that costs money, and what it uses. */
export const usages: Readonly<Record<string, UsageOf>> = {
  ...servers,
  ...network,
  ...data,
  ...operations,
};

/** What is used of one thing by one resource, with its price. */
export interface Line extends Usage {
  readonly type: string;
  readonly resource: string;
  readonly price: Price;
  /** In millionths of a dollar. */
  readonly monthly: bigint;
}

/** Something that costs money and is not in the total. */
interface Left {
  readonly type: string;
  readonly resource: string;
  readonly reason: string;
}

export interface Estimate {
  readonly region: string;
  readonly lines: readonly Line[];
  /** The exact sum of all lines, in millionths of a dollar. */
  readonly total: bigint;
  readonly without: readonly Left[];
}

/** What a deployment costs in a month. What cannot be priced is named, never passed over. */
export function estimate(all: readonly Recorded[], region: string, list: PriceList): Estimate {
  const parts = all.map((resource) => priced(resource, all, region, list));
  const lines = parts.flatMap((part) => part.lines).sort(dearestFirst);
  return {
    region,
    lines,
    total: lines.reduce((total, { monthly }) => total + monthly, 0n),
    without: parts.flatMap((part) => part.without),
  };
}

function priced(
  resource: Recorded,
  all: readonly Recorded[],
  region: string,
  list: PriceList,
): Pick<Estimate, 'lines' | 'without'> {
  const { type, name } = resource;
  const left = (reason: string): Left => ({ type, resource: name, reason });
  if (isFree(type)) return { lines: [], without: [] };
  const usageOf = Object.hasOwn(usages, type) ? usages[type] : undefined;
  if (!usageOf) return { lines: [], without: [left('nobody has said what this type costs')] };
  const used = usagesOf(usageOf, resource, all);
  if (used instanceof NotKnown) return { lines: [], without: [left(used.message)] };
  const found = used.map((usage) => ({ usage, price: priceOf(list, region, usage.item) }));
  return {
    lines: found.flatMap(({ usage, price }) =>
      price ? [{ ...usage, type, resource: name, price, monthly: costOf(usage, price) }] : [],
    ),
    without: found.flatMap(({ usage, price }) =>
      price ? [] : [left(`no price of ${usage.item} (${usage.what}) in ${region}`)],
    ),
  };
}

function usagesOf(
  usageOf: UsageOf,
  resource: Recorded,
  all: readonly Recorded[],
): Usage[] | NotKnown {
  try {
    return usageOf(resource, all);
  } catch (error) {
    if (error instanceof NotKnown) return error;
    throw error;
  }
}

function costOf({ quantity }: Usage, { amount }: Price): bigint {
  return BigInt(quantity) * money(amount);
}

function dearestFirst(a: Line, b: Line): number {
  if (a.monthly !== b.monthly) return a.monthly < b.monthly ? 1 : -1;
  return `${a.resource} ${a.item}`.localeCompare(`${b.resource} ${b.item}`, 'en');
}
