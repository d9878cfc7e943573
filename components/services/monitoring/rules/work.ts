import { grown } from './grown';
import type { Rule } from './rule';

const hour = 3600;

/** What is done once a day or later than the request that asked for it. */
export const backupRules: readonly Rule[] = [
  {
    alert: 'BackupFailed',
    expr: 'strata_backup_failing == 1',
    for: '5m',
    severity: 'critical',
    summary: 'The last backup failed',
    description: 'Since the one before, changes are safe only as far as the log is archived.',
  },
  {
    alert: 'BackupTooOld',
    expr: `time() - strata_backup_timestamp_seconds > ${26 * hour}`,
    for: '2h',
    severity: 'critical',
    summary: 'There is no backup of the last day',
    description: 'The schedule does not run, or no backup was ever made.',
  },
];

/** What both workloads of functions tell of their runs. */
export const functionRules: readonly Rule[] = [
  {
    alert: 'FunctionFails',
    expr: 'sum by (function) (rate(strata_function_runs_total{result!="ok"}[10m])) / sum by (function) (rate(strata_function_runs_total[10m])) > 0.2',
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.function }} fails in {{ $value | humanizePercentage }} of its runs',
    description: 'It throws, or takes longer than it may.',
  },
];

/** What only the worker tells: events, ticks and jobs that wait or were given up. */
export const workerRules: readonly Rule[] = [
  {
    alert: 'OutboxLag',
    expr: 'max by (function) (strata_outbox_oldest_seconds) > 300',
    for: '5m',
    severity: 'warning',
    summary: 'Events for {{ $labels.function }} wait for {{ $value | humanizeDuration }}',
    description:
      'What should happen after a change happens late: it fails and is tried again, or there is too much.',
  },
  {
    alert: 'OutboxDead',
    expr: 'max by (function) (strata_outbox_dead) > 0',
    severity: 'warning',
    summary: '{{ $value }} events for {{ $labels.function }} were given up',
    description: 'They failed too often and will not be tried again unless somebody says so.',
  },
  {
    alert: 'QueueDeep',
    expr: 'max by (queue) (strata_queue_jobs{state=~"waiting|wait"}) > 1000',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value | humanize }} jobs wait in {{ $labels.queue }}',
    description: 'Jobs come faster than they are done.',
  },
  {
    alert: 'QueueFails',
    expr: 'max by (queue) (delta(strata_queue_jobs{state="failed"}[15m])) > 10',
    severity: 'warning',
    summary: '{{ $value | humanize }} jobs of {{ $labels.queue }} failed in 15 minutes',
    description: 'They have used up their attempts.',
  },
];

/** The worker of tenants. */
export const tenantRules: readonly Rule[] = [
  {
    alert: 'TenantJobGivenUp',
    expr: `sum by (action) (${grown('strata_tenant_jobs_total{result="failed"}', '1h')}) > 0`,
    severity: 'warning',
    summary: 'The job "{{ $labels.action }}" of a tenant was given up',
    description: 'What was asked for has not happened, such as a new tenant that signed up.',
  },
  {
    alert: 'TenantJobsWait',
    expr: 'max(strata_tenant_jobs{state="queued"}) > 20',
    for: '15m',
    severity: 'warning',
    summary: '{{ $value }} jobs of tenants wait',
    description: 'They come faster than they are done, or the worker cannot do them.',
  },
];
