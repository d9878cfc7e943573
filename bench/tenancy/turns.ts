import { figures, ratios, type Figures, type Table } from '../figures';

/** Does as much as it can for about that many milliseconds; how many of it went through in a second. */
export type Way = (milliseconds: number) => Promise<number>;

/** How often and how long each way is measured. */
export interface Turns {
  readonly rounds: number;
  readonly milliseconds: number;
}

/**
 * All ways in turn, again and again, the order turned round each time: what slows the machine down meets all of them.
 * The first round warms up and does not count.
 */
export async function inTurn<Name extends string>(
  ways: Readonly<Record<Name, Way>>,
  { rounds, milliseconds }: Turns,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(ways) as Name[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of round % 2 ? names : names.toReversed()) {
      const rate = await ways[name](milliseconds);
      if (round > 0) rates[name].push(rate);
    }
  }
  return rates;
}

/** The rate of `base`, and each other way's to the one of `base` that was measured beside it. */
export function against(
  label: string,
  rates: Readonly<Record<string, readonly number[]>>,
  base: string,
): Table {
  const below = rates[base] ?? [];
  const rows: Record<string, Figures> = { [`${label}: ${base}, per s`]: figures(below) };
  for (const [name, above] of Object.entries(rates)) {
    if (name !== base) rows[`${label}: ${name} / ${base}`] = ratios(above, below);
  }
  return rows;
}
