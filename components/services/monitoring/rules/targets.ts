import type { Rule, Watched } from './rule';

/** Whether what has figures gives them. */
export function targetRules(targets: readonly Watched[]): Rule[] {
  return [
    {
      alert: 'TargetDown',
      expr: 'up == 0',
      // What is pushed has to outlast the figures of a server that was taken away.
      for: targets.some(({ servers }) => servers > 1) ? '2m' : '1m',
      severity: 'critical',
      summary: '{{ $labels.job }} does not answer',
      description: 'Its figures cannot be read: it is down, hangs, or cannot be reached.',
    },
    ...missing(targets),
    {
      alert: 'RestartLoop',
      expr: 'changes(process_start_time_seconds[15m]) > 3',
      severity: 'critical',
      summary: '{{ $labels.job }} restarts again and again',
      description: 'It began anew {{ $value }} times in 15 minutes.',
    },
  ];
}

/** A target that is gone leaves no series behind, so each is asked for by name. */
function missing(targets: readonly Watched[]): Rule[] {
  if (targets.length === 0) return [];
  const one = ({ job, replicas, servers }: Watched) =>
    replicas * servers === 1
      ? `absent(up{job="${job}"})`
      : `absent(up{job="${job}"}) or (count by (job) (up{job="${job}"} == 1) < ${replicas * servers})`;
  return [
    {
      alert: 'TargetMissing',
      expr: targets.map(one).join('\nor '),
      for: '5m',
      severity: 'warning',
      summary: '{{ $labels.job }} is not all there',
      description:
        'For 5 minutes fewer of it than configured could be read, or none was known at all.',
    },
  ];
}

/** The monitoring itself. */
export const ownRules: readonly Rule[] = [
  {
    alert: 'AlertsNotSent',
    expr: 'sum by (integration) (rate(alertmanager_notifications_failed_total[5m])) > 0',
    for: '10m',
    severity: 'critical',
    summary: 'Alerts do not reach {{ $labels.integration }}',
    description:
      'Alertmanager is refused or cannot reach the receiver; others may not be told either.',
  },
  {
    alert: 'AlertmanagerUnreachable',
    // Who only pushes knows of no Alertmanager.
    expr: 'prometheus_notifications_alertmanagers_discovered{job="prometheus"} < 1 or rate(prometheus_notifications_dropped_total[5m]) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Prometheus cannot hand over alerts',
    description:
      'Nobody is told of anything until this ends; the watch-dog stops for the same reason.',
  },
  {
    alert: 'RulesFail',
    expr: 'increase(prometheus_rule_evaluation_failures_total[5m]) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'Rules cannot be evaluated',
    description: 'At least one alert is blind: {{ $labels.rule_group }}.',
  },
  {
    alert: 'PrometheusNotWriting',
    expr: 'increase(prometheus_tsdb_wal_writes_failed_total[10m]) > 0 or increase(prometheus_tsdb_compactions_failed_total[1h]) > 0',
    severity: 'critical',
    summary: 'Prometheus cannot write figures',
    description: 'Its disk is full or broken; figures are being lost.',
  },
  {
    alert: 'TooManySeries',
    expr: 'increase(prometheus_target_scrapes_exceeded_sample_limit_total[10m]) > 0',
    severity: 'warning',
    summary: 'A target gives more figures than are taken',
    description:
      'Nothing of such an answer is kept; often a label holds what has no end, such as a path.',
  },
  {
    alert: 'Watchdog',
    expr: 'vector(1)',
    severity: 'none',
    summary: 'Monitoring works',
    description: 'Fires always. Whoever receives it must raise the alarm when it stops.',
  },
];
