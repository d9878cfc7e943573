import { graph, line, number } from './panel';

/** Is everything up, is there room, do people get answers. */
export const overview = [
  number(
    'Targets',
    'short',
    line('up', 'count(up == 1)'),
    line('down', 'count(up == 0) or vector(0)'),
  ),
  number(
    'Alerts that fire',
    'short',
    line(
      '{{severity}}',
      'count by (severity) (ALERTS{alertstate="firing", severity!="none"}) or vector(0)',
    ),
  ),
  graph(
    'Routes that fail, services that are not healthy',
    'short',
    line('{{instance}}', 'probe_success == 0'),
  ),
  graph(
    'Requests',
    'reqps',
    line('{{outcome}}', 'sum by (outcome) (rate(strata_guard_requests_total[5m]))'),
  ),
  graph(
    'Processors',
    'percentunit',
    line(
      'busy {{job}} {{server}}',
      '1 - avg by (job, server) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    ),
    line(
      'waits for the disk {{job}} {{server}}',
      'rate(node_pressure_io_waiting_seconds_total[5m])',
    ),
  ),
  graph(
    'Memory',
    'bytes',
    line('available {{job}} {{server}}', 'node_memory_MemAvailable_bytes'),
    line('all {{job}} {{server}}', 'node_memory_MemTotal_bytes'),
  ),
  graph(
    'Disk',
    'bytes',
    line('free {{job}} {{server}}', 'node_filesystem_avail_bytes{mountpoint="/"}'),
    line('all {{job}} {{server}}', 'node_filesystem_size_bytes{mountpoint="/"}'),
  ),
  graph(
    'Disk traffic',
    'bytes',
    line('read {{job}} {{server}}', 'sum by (job, server) (rate(node_disk_read_bytes_total[5m]))'),
    line(
      'written {{job}} {{server}}',
      'sum by (job, server) (rate(node_disk_written_bytes_total[5m]))',
    ),
  ),
  number(
    'Last backup',
    'dateTimeFromNow',
    line('backup', 'strata_backup_timestamp_seconds * 1000'),
  ),
  number(
    'Certificate ends',
    's',
    line('{{host}}', 'min by (host) (probe_ssl_earliest_cert_expiry) - time()'),
  ),
];
