import { graph, line } from './panel';

/** Who uses how much. A tenant is its slug; requests without one are left out. */
export const tenants = [
  graph(
    'Requests',
    'reqps',
    line('{{tenant}}', 'sum by (tenant) (rate(strata_guard_requests_total{tenant!=""}[5m]))'),
  ),
  graph(
    'Refused',
    'reqps',
    line(
      '{{tenant}}: {{reason}}',
      'sum by (tenant, reason) (rate(strata_guard_refusals_total{tenant!=""}[5m]))',
    ),
  ),
  graph(
    'Compared with the same hour of the day before',
    'percentunit',
    line(
      '{{tenant}}',
      'sum by (tenant) (increase(strata_guard_requests_total{tenant!=""}[1h])) / sum by (tenant) (increase(strata_guard_requests_total{tenant!=""}[1h] offset 1d))',
    ),
  ),
  graph(
    'Asked for another tenant',
    'short',
    line(
      '{{tenant}}',
      'sum by (tenant) (increase(strata_guard_refusals_total{reason="wrong_tenant"}[10m]))',
    ),
  ),
  graph('Files', 'bytes', line('{{tenant}}', 'max by (tenant) (storage_tenant_bytes)')),
];
