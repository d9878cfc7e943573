/** The middle of what was measured, with both ends: single figures of a noisy machine mean nothing. */
export interface Figures {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function figures(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

/** `label   1.02   1.05   1.11` */
export function row(label: string, { min, median, max }: Figures): string {
  const cell = (value: number): string => value.toFixed(2).padStart(8);
  return `${label.padEnd(34)}${cell(min)}${cell(median)}${cell(max)}`;
}
