import type { Rule } from './rule';

/** The cache, which holds queues as well: what it loses is lost. */
export const redisRules: readonly Rule[] = [
  {
    alert: 'RedisDown',
    expr: 'redis_up == 0',
    for: '1m',
    severity: 'critical',
    summary: 'Redis does not answer',
    description: 'The guard lets nobody in without it, and no job runs.',
  },
  {
    alert: 'RedisMemoryFull',
    expr: 'redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9',
    for: '5m',
    severity: 'critical',
    summary: 'Redis has used {{ $value | humanizePercentage }} of its memory',
    description:
      'At the limit it refuses to write: limits cannot be counted, jobs cannot be queued.',
  },
  {
    alert: 'RedisEvicts',
    expr: 'increase(redis_evicted_keys_total[10m]) > 0',
    severity: 'critical',
    summary: 'Redis throws keys away',
    description: 'It must not: queues would lose jobs. Its policy is not noeviction.',
  },
  {
    alert: 'RedisNotSaving',
    expr: '(redis_aof_last_write_status == 0 or redis_aof_last_bgrewrite_status == 0 or redis_aof_enabled == 0) unless redis_connected_slaves > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Redis alone holds what it holds',
    description:
      'Its append-only file is off or cannot be written, and no other node follows it; a restart would lose jobs.',
  },
  {
    alert: 'RedisRejectsClients',
    expr: 'increase(redis_rejected_connections_total[5m]) > 0',
    severity: 'warning',
    summary: 'Redis turns clients away',
    description: 'More connections than it may have; somebody opens them and does not close them.',
  },
];
