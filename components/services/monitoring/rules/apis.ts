import type { Rule } from './rule';

/** PostgREST, by docs/references/observability.rst of its repository (at 021cd997, read 2026-11-22). Not seen live. */
export const postgrestRules: readonly Rule[] = [
  {
    alert: 'PostgrestPoolFull',
    expr: 'increase(pgrst_db_pool_timeouts_total[5m]) > 5',
    severity: 'warning',
    summary: '{{ $value | humanize }} requests to PostgREST got no connection in 5 minutes',
    description: 'They were answered 504: queries are too slow, or its pool is too small.',
  },
  {
    alert: 'PostgrestSchemaUnknown',
    expr: 'increase(pgrst_schema_cache_loads_total{status="FAIL"}[10m]) > 3',
    severity: 'critical',
    summary: 'PostgREST cannot read the schema',
    description: 'It answers 503, or by the tables as they were before the last deployment.',
  },
];
