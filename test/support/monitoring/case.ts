/** What Prometheus has seen: series → values a minute apart, as promtool writes them; and when to look. */
export interface Seen {
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
}

/** When an alert fires, with which labels, and when it does not: each as near to the other as can be. */
export interface Case {
  readonly fires: Seen & { readonly labels: Readonly<Record<string, string>> };
  readonly quiet: Seen;
}

/** What is seen when the alert does not fire. */
export function seen(at: string, series: Readonly<Record<string, string>>): Seen {
  return { at, series };
}

/** What is seen when it fires, and the labels that it has then. */
export function fires(
  at: string,
  labels: Readonly<Record<string, string>>,
  series: Readonly<Record<string, string>>,
): Case['fires'] {
  return { at, labels, series };
}

/** A histogram of which so many observations are below a bound. */
export const slow = (metric: string, below: string, all: string, bound: string, more = '') => ({
  [`${metric}{le="${bound}"${more}}`]: below,
  [`${metric}{le="10"${more}}`]: all,
  [`${metric}{le="+Inf"${more}}`]: all,
});
