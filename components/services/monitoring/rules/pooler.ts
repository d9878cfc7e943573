import type { Rule } from './rule';

/** PgBouncer. */
export const poolerRules: readonly Rule[] = [
  {
    alert: 'PoolerDown',
    expr: 'pgbouncer_up == 0',
    for: '1m',
    severity: 'critical',
    summary: 'PgBouncer does not answer',
    description: 'Nothing that goes through it reaches the database.',
  },
  {
    alert: 'PoolerClientsWait',
    expr: 'sum by (user) (pgbouncer_pools_client_waiting_connections) > 5 or max by (user) (pgbouncer_pools_client_maxwait_seconds) > 5',
    for: '2m',
    severity: 'warning',
    summary: 'Clients of {{ $labels.user }} wait for a connection',
    description: 'Its pool is full: queries are too slow, or the pool is too small.',
  },
];
