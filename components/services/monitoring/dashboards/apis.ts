import { graph, line } from './panel';

/** GraphQL by what the guard sees of it, PostgREST by its own figures. */
export const apis = [
  graph(
    'Time of GraphQL',
    's',
    line(
      '{{outcome}} 95 %',
      'histogram_quantile(0.95, sum by (le, outcome) (rate(strata_guard_duration_seconds_bucket{door="graphql"}[5m])))',
    ),
  ),
  graph('Sockets that are open', 'short', line('sockets', 'sum(strata_guard_sockets)')),
  graph(
    'Operations over sockets',
    'short',
    line('{{kind}}', 'sum by (kind) (strata_guard_socket_operations)'),
  ),
  graph(
    'Messages over sockets',
    'ops',
    line('{{way}}', 'sum by (way) (rate(strata_guard_socket_messages_total[5m]))'),
  ),
  graph(
    'Why sockets ended',
    'ops',
    line('{{reason}}', 'sum by (reason) (rate(strata_guard_sockets_closed_total[5m]))'),
  ),
  graph(
    'Connections of PostgREST',
    'short',
    line('free', 'sum(pgrst_db_pool_available)'),
    line('most', 'sum(pgrst_db_pool_max)'),
    line('requests that wait', 'sum(pgrst_db_pool_waiting)'),
    line('waited in vain, in 5 minutes', 'sum(increase(pgrst_db_pool_timeouts_total[5m]))'),
  ),
  graph(
    'Times that PostgREST read the schema',
    'short',
    line('{{status}}', 'sum by (status) (increase(pgrst_schema_cache_loads_total[1h]))'),
  ),
];
