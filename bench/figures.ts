/** The middle of what was measured, with both ends: single figures of a noisy machine mean nothing. */
export interface Figures {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** What a benchmark found: label with its unit → figures, in the order in which they are read. */
export type Table = Readonly<Record<string, Figures>>;

export function figures(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

/** Each value of `above` to the one of `below` that was measured beside it. */
export function ratios(above: readonly number[], below: readonly number[]): Figures {
  return figures(above.map((value, index) => value / (below[index] ?? Number.NaN)));
}

/** The table as people read it: `label   1.02   1.05   1.11`. */
export function render(table: Table): string {
  const width = Math.max(0, ...Object.keys(table).map((label) => label.length)) + 1;
  const cells = ({ min, median, max }: Figures): string =>
    [min, median, max].map((value) => value.toFixed(2).padStart(9)).join('');
  const rows = Object.entries(table).map(([label, one]) => `${label.padEnd(width)}${cells(one)}`);
  return [`${''.padEnd(width)}      min   median      max`, ...rows].join('\n');
}
