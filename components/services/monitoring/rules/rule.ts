/** Whether somebody is needed at once, or this day; `none` is for the watch-dog alone. */
type Severity = 'critical' | 'warning' | 'none';

/** An alert. Its runbook is docs/runbooks.md, at its name. */
export interface Rule {
  readonly alert: string;
  /** PromQL: every series that it gives is one alert. */
  readonly expr: string;
  /** How long that must be so, such as `5m`; at once when not given. */
  readonly for?: string;
  readonly severity: Severity;
  /** One line; `{{ $labels.x }}` and `{{ $value }}` are filled in by Prometheus. */
  readonly summary: string;
  /** What it means for people who use the platform. */
  readonly description: string;
}

/** What is read, as the rules need to know it. */
export interface Watched {
  readonly job: string;
  /** On one server. */
  readonly replicas: number;
  readonly servers: number;
}
