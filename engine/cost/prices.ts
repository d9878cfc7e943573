import { z } from 'zod';
import kept from './prices.json';

/** In what a price counts. */
const units = ['hour', 'month', 'GB', 'GB and month', 'million'] as const;
export type Unit = (typeof units)[number];

const everywhere = '*';

const schema = z.strictObject({
  currency: z.literal('USD'),
  /** The day on which the sources were read. */
  read: z.iso.date(),
  sources: z.record(z.string(), z.strictObject({ what: z.string(), url: z.url() })),
  prices: z.array(
    z.strictObject({
      region: z.string(),
      source: z.string(),
      per: z.enum(units),
      items: z.record(z.string(), z.string().regex(/^\d+(?:\.\d{1,6})?$/)),
    }),
  ),
});

export type PriceList = z.infer<typeof schema>;

export interface Price {
  /** A decimal in the list's currency. */
  readonly amount: string;
  readonly per: Unit;
  /** A key of the list's sources. */
  readonly source: string;
}

/** The list that the repository keeps. */
export const priceList: PriceList = readPrices(kept);

/** Reads a price list; a source that is not explained and a price that stands twice are mistakes of whoever wrote it. */
export function readPrices(json: unknown): PriceList {
  const list = schema.parse(json);
  const seen = new Set<string>();
  for (const { region, source, items } of list.prices) {
    if (!Object.hasOwn(list.sources, source)) throw new Error(`no source is called "${source}"`);
    for (const item of Object.keys(items)) {
      const key = `${region} ${item}`;
      if (seen.has(key)) throw new Error(`the price of ${item} in ${region} stands twice`);
      seen.add(key);
    }
  }
  return list;
}

/** What an item costs in a region; `undefined` when the list does not say, and never another region's price. */
export function priceOf(list: PriceList, region: string, item: string): Price | undefined {
  const group =
    list.prices.find((given) => given.region === region && Object.hasOwn(given.items, item)) ??
    list.prices.find((given) => given.region === everywhere && Object.hasOwn(given.items, item));
  const amount = group?.items[item];
  if (group === undefined || amount === undefined) return undefined;
  return { amount, per: group.per, source: group.source };
}

/** Regions that the list has prices of. */
export function regionsOf(list: PriceList): string[] {
  return [...new Set(list.prices.map(({ region }) => region))]
    .filter((region) => region !== everywhere)
    .sort();
}
