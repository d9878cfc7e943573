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

export const storageRules: readonly Rule[] = [
  {
    alert: 'StorageQuotaReached',
    expr: 'sum(increase(storage_refusals_total{code="quota_exceeded"}[15m])) > 0',
    severity: 'warning',
    summary: '{{ $value | humanize }} uploads were refused for want of space',
    description: 'A tenant or a user has used up what it may keep.',
  },
  {
    alert: 'StorageFails',
    expr: 'sum(rate(storage_request_seconds_count{status=~"5.."}[5m])) / sum(rate(storage_request_seconds_count[5m])) > 0.05',
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the requests for files fail',
    description: 'The object store or the database does not answer the storage service.',
  },
];
