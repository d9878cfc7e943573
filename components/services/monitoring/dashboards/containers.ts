import { graph, line } from './panel';

/** By cAdvisor, which knows ids only, and by the programs themselves, which know their names. */
export const containers = [
  graph(
    'Processors, by id',
    'percentunit',
    line(
      '{{id}}',
      'topk(15, rate(container_cpu_usage_seconds_total{id=~".*docker.*[0-9a-f]{64}.*"}[5m]))',
    ),
  ),
  graph(
    'Memory, by id',
    'bytes',
    line('{{id}}', 'topk(15, container_memory_working_set_bytes{id=~".*docker.*[0-9a-f]{64}.*"})'),
  ),
  graph(
    'Processors, by program',
    'percentunit',
    line('{{job}}', 'rate(process_cpu_seconds_total[5m])'),
  ),
  graph('Memory, by program', 'bytes', line('{{job}}', 'process_resident_memory_bytes')),
  // Whose process it was, only the kernel's log says: cAdvisor would have to read that.
  graph(
    'Killed for their memory',
    'short',
    line('on the host', 'increase(node_vmstat_oom_kill[1h])'),
  ),
  graph(
    'Restarts in 15 minutes',
    'short',
    line('{{job}}', 'changes(process_start_time_seconds[15m])'),
  ),
];
