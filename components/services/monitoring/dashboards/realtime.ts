import { graph, line } from './panel';

/** Web sockets of Supabase's protocol, and what is told over them. */
export const realtime = [
  graph(
    'Open',
    'short',
    line('sockets', 'sum(strata_realtime_sockets)'),
    line('channels', 'sum(strata_realtime_channels)'),
  ),
  graph(
    'Messages',
    'ops',
    line('{{way}}', 'sum by (way) (rate(strata_realtime_messages_total[5m]))'),
  ),
  graph(
    'Refused',
    'ops',
    line('{{reason}}', 'sum by (reason) (rate(strata_realtime_refusals_total[5m]))'),
  ),
  graph(
    'Ended',
    'ops',
    line('{{reason}}', 'sum by (reason) (rate(strata_realtime_sockets_closed_total[5m]))'),
  ),
  graph(
    'Time until it is told, 95 %',
    's',
    line(
      '{{kind}}',
      'histogram_quantile(0.95, sum by (le, kind) (rate(strata_realtime_delivery_seconds_bucket[5m])))',
    ),
  ),
];
