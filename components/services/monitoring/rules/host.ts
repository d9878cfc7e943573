import type { Rule } from './rule';

const free = 'node_filesystem_avail_bytes{mountpoint="/"}';
const size = 'node_filesystem_size_bytes{mountpoint="/"}';

/** The machine that containers run on. */
export const hostRules: readonly Rule[] = [
  {
    alert: 'HostDiskFull',
    expr: `${free} / ${size} < 0.05`,
    for: '2m',
    severity: 'critical',
    summary: 'The disk has {{ $value | humanizePercentage }} left',
    description: 'When it is full, the database stops and figures and logs are lost.',
  },
  {
    alert: 'HostDiskFillsUp',
    expr: `${free} / ${size} < 0.15 or (predict_linear(${free}[6h], 24 * 3600) < 0 and ${free} / ${size} < 0.5)`,
    for: '30m',
    severity: 'warning',
    summary: 'The disk is filling up',
    description:
      'Less than 15 % is left, or at the speed of the last 6 hours it is full within a day.',
  },
  {
    alert: 'HostInodesFull',
    expr: 'node_filesystem_files_free{mountpoint="/"} / node_filesystem_files{mountpoint="/"} < 0.05',
    for: '10m',
    severity: 'warning',
    summary: 'The disk can hold few more files',
    description: 'New files fail although there is room.',
  },
  {
    alert: 'HostMemoryFull',
    expr: 'node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.05',
    for: '5m',
    severity: 'critical',
    summary: 'The host has {{ $value | humanizePercentage }} of its memory left',
    description: 'Soon the kernel kills processes; the database may be the first.',
  },
  {
    alert: 'HostProcessKilled',
    expr: 'increase(node_vmstat_oom_kill[10m]) > 0',
    severity: 'critical',
    summary: 'The kernel killed a process for its memory',
    description: 'A container met its limit, or the host ran out of memory.',
  },
  {
    alert: 'HostProcessorBusy',
    expr: '1 - avg by (job, server) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.9',
    for: '15m',
    severity: 'warning',
    summary: 'The processors are {{ $value | humanizePercentage }} busy',
    description: 'Answers become slow; the load is more than the host can take.',
  },
  {
    alert: 'HostDiskWaits',
    expr: 'rate(node_pressure_io_stalled_seconds_total[5m]) > 0.5',
    for: '15m',
    severity: 'warning',
    summary: 'Everything waits for the disk',
    description: 'For more than half of the time no process could go on because of the disk.',
  },
];
