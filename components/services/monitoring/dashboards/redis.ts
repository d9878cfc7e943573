import { graph, line } from './panel';

/** Counters, sessions and queues. */
export const redis = [
  graph(
    'Memory',
    'bytes',
    line('used', 'redis_memory_used_bytes'),
    line('most', 'redis_memory_max_bytes'),
  ),
  graph('Commands', 'ops', line('commands', 'rate(redis_commands_processed_total[5m])')),
  graph(
    'Clients',
    'short',
    line('connected', 'redis_connected_clients'),
    line('blocked', 'redis_blocked_clients'),
  ),
  graph('Append-only file', 'bytes', line('size', 'redis_aof_current_size_bytes')),
  graph('Jobs', 'short', line('{{queue}} {{state}}', 'max by (queue, state) (strata_queue_jobs)')),
  graph(
    'Age of the oldest event',
    's',
    line('{{function}}', 'max by (function) (strata_outbox_oldest_seconds)'),
  ),
];
