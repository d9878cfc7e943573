import { graph, line, number } from './panel';

/** What is done beside and after requests. */
export const work = [
  graph(
    'Runs of functions',
    'ops',
    line(
      '{{function}}: {{result}}',
      'sum by (function, result) (rate(strata_function_runs_total[5m]))',
    ),
  ),
  graph(
    'Time of functions',
    's',
    line(
      '{{function}} 95 %',
      'histogram_quantile(0.95, sum by (le, function) (rate(strata_function_seconds_bucket[5m])))',
    ),
  ),
  graph('Jobs of tenants', 'short', line('{{state}}', 'max by (state) (strata_tenant_jobs)')),
  graph(
    'Jobs of tenants that ended',
    'ops',
    line('{{action}}: {{result}}', 'sum by (action, result) (rate(strata_tenant_jobs_total[5m]))'),
  ),
  graph(
    'Time of a job of a tenant',
    's',
    line(
      '{{action}} 95 %',
      'histogram_quantile(0.95, sum by (le, action) (rate(strata_tenant_job_seconds_bucket[1h])))',
    ),
  ),
  number(
    'Last backup',
    'dateTimeFromNow',
    line('full', 'strata_backup_full_timestamp_seconds * 1000'),
    line('any', 'strata_backup_timestamp_seconds * 1000'),
  ),
];
