const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** A size for people: `1.5 GB`, in steps of 1024. */
export function size(bytes: number): string {
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const value = bytes / 1024 ** step;
  const digits = step > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[step] ?? ''}`;
}

/** A whole number for people: `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A point in time as Postgres writes it in UTC, to the second: `2026-11-22 05:00:00`. */
export function moment(at: string): string {
  return at.replace(/(\.\d+)?\+00$/, '');
}
