import type { Rule } from './rule';

/** Channels and changes of rows over web sockets. */
export const realtimeRules: readonly Rule[] = [
  {
    alert: 'RealtimeSlow',
    expr: 'histogram_quantile(0.95, sum by (le, kind) (rate(strata_realtime_delivery_seconds_bucket[5m]))) > 2',
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.kind }} over web sockets takes {{ $value | humanizeDuration }}',
    description: 'What is said, or has changed, is told late.',
  },
  {
    alert: 'RealtimeRefuses',
    expr: 'sum by (reason) (rate(strata_realtime_refusals_total{reason=~"guard_unavailable|redis_unavailable|changes_unavailable|internal_error"}[5m])) > 0.1',
    for: '5m',
    severity: 'critical',
    summary: 'Web sockets are refused: {{ $labels.reason }}',
    description: 'Something does not answer that they need; clients try again and again.',
  },
];
