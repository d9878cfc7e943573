/**
 * How much a counter has grown, its first value included: a series that was not there before began at nothing, and
 * `increase` would not count what it began with. The first attack is what matters.
 */
export function grown(series: string, window: string): string {
  return `((${series} unless ${series} offset ${window}) or increase(${series}[${window}]))`;
}
