import { grown } from './grown';
import type { Rule } from './rule';

const refusals = 'strata_guard_refusals_total';
const requests = 'strata_guard_requests_total';

/** Reasons that are the platform's own fault. */
const broken =
  'limits_unavailable|registry_unavailable|upstream_unavailable|upstream_timeout|internal_error';

/** Reasons that people get who try tokens and keys. An expired token is everybody's each quarter of an hour. */
const guessing = 'token_invalid|key_invalid|key_revoked|too_many_failures';

/** The guard, and what stands out in what it refuses. */
export const securityRules: readonly Rule[] = [
  {
    alert: 'GuardFails',
    expr: `sum(rate(${refusals}{reason=~"${broken}"}[5m])) / sum(rate(${requests}[5m])) > 0.05`,
    for: '5m',
    severity: 'critical',
    summary:
      'The guard turns {{ $value | humanizePercentage }} of the requests away because it cannot work',
    description:
      'Redis, the database or a service behind it does not answer. The guard stays closed meanwhile.',
  },
  {
    alert: 'GuardRefuses',
    expr: `sum(rate(${requests}{outcome="refused"}[10m])) / sum(rate(${requests}[10m])) > 0.5 and sum(rate(${requests}{outcome="refused"}[10m])) > 1`,
    for: '10m',
    severity: 'warning',
    summary: 'The guard refuses {{ $value | humanizePercentage }} of the requests',
    description: 'An attack, or a client that was released with a mistake.',
  },
  {
    alert: 'GuardSlow',
    expr: 'histogram_quantile(0.99, sum by (le) (rate(strata_guard_duration_seconds_bucket{door="check"}[5m]))) > 0.1',
    for: '10m',
    severity: 'warning',
    summary: 'One check in 100 takes more than {{ $value | humanizeDuration }}',
    description: 'Every request waits for the guard; Redis or the processor is busy.',
  },
  {
    alert: 'LoginFailures',
    expr: `sum(${grown(`${refusals}{reason=~"${guessing}"}`, '10m')}) > 100`,
    severity: 'warning',
    summary: '{{ $value | humanize }} tokens or keys were refused in 10 minutes',
    description: 'Somebody tries tokens or keys, or a client uses one that was revoked.',
  },
  {
    alert: 'CrossTenantRequests',
    expr: `sum by (tenant) (${grown(`${refusals}{reason="wrong_tenant"}`, '10m')}) > 5`,
    severity: 'critical',
    summary:
      '{{ $labels.tenant }} asked {{ $value | humanize }} times for what is another tenant’s',
    description:
      'They were refused. A client mixes tenants up, or somebody with a valid token looks for a hole.',
  },
  {
    alert: 'UnusualVolume',
    expr: `sum by (tenant) (increase(${requests}{tenant!=""}[1h])) > 1000 and sum by (tenant) (increase(${requests}{tenant!=""}[1h])) > 5 * sum by (tenant) (increase(${requests}{tenant!=""}[1h] offset 1d))`,
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.tenant }} sends {{ $value | humanize }} requests an hour',
    description: 'More than five times as many as in the same hour of the day before.',
  },
];

const closed = 'strata_guard_sockets_closed_total';

/** Reasons that end a socket because of what its client sent. */
const misuse =
  'protocol_unsupported|init_.+|operation_repeated|operations_limited|message_.+|client_slow';

/** Sockets of GraphQL, which the guard holds for as long as a token lasts. */
export const socketRules: readonly Rule[] = [
  {
    alert: 'SocketsBreak',
    expr: `sum by (reason) (rate(${closed}{reason=~"${broken}|upstream_ended|upstream_refused"}[5m])) > 0.1`,
    for: '5m',
    severity: 'critical',
    summary: 'Sockets of GraphQL end because the platform cannot go on: {{ $labels.reason }}',
    description: 'Pages lose what they were told live, and connect again and again.',
  },
  {
    alert: 'SocketsMisused',
    expr: `sum(${grown(`${closed}{reason=~"${misuse}"}`, '10m')}) > 100`,
    severity: 'warning',
    summary:
      '{{ $value | humanize }} sockets were closed in 10 minutes for what their clients sent',
    description: 'Somebody looks for a hole in them, or a client was released with a mistake.',
  },
];

/** What the database tells of who may do what, and of the audit log. */
export const auditRules: readonly Rule[] = [
  {
    alert: 'NewAdmin',
    expr: 'increase(strata_registry_admins_made_total[15m]) > 0',
    severity: 'warning',
    summary: 'Somebody became admin of a tenant',
    description: 'If nobody meant it, somebody has gained power over a tenant.',
  },
  {
    alert: 'AuditGap',
    expr: 'strata_audit_unwatched_tables > 0 or strata_audit_changeable_partitions > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Changes can go unrecorded',
    description:
      'A trigger of the audit log is missing or off: on a table of tenants, or on the log itself.',
  },
  {
    alert: 'AuditMonthsEnd',
    expr: 'strata_audit_months_ahead < 2 or strata_audit_misplaced_rows > 0',
    for: '1h',
    severity: 'warning',
    summary: 'The audit log has few months left',
    description: 'Rows of a month without a partition are kept where retention cannot drop them.',
  },
];
