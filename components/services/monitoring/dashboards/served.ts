import { askedInside } from '../blackbox';
import { graph, line, type Panel } from './panel';

/** What is known of every service alike, whether it has figures of its own or not; of all where none is named. */
export function served(...services: readonly string[]): Panel[] {
  const named = services.length === 0 ? '.+' : services.join('|');
  const asked = `{${askedInside},service=~"${named}"}`;
  const answered = `service=~"${named}"`;
  const requests = 'strata_gateway_requests_total';
  return [
    graph(
      'Healthy',
      'short',
      line('{{service}}', `min by (service) (probe_success${asked})`),
      line('{{job}}, figures', `min by (job) (up{job=~"${named}"})`),
    ),
    graph(
      'Time of the answer about its health',
      's',
      line('{{service}}', `max by (service) (probe_duration_seconds${asked})`),
    ),
    graph(
      'Requests at the gateway',
      'reqps',
      line('{{service}}', `sum by (service) (rate(${requests}{${answered}}[5m]))`),
    ),
    graph(
      'Requests that failed',
      'percentunit',
      line(
        '{{service}}',
        `sum by (service) (rate(${requests}{${answered},status=~"5.."}[5m])) / sum by (service) (rate(${requests}{${answered}}[5m]))`,
      ),
    ),
    graph(
      'Time of an answer',
      's',
      line(
        '{{service}} 95 %',
        `histogram_quantile(0.95, sum by (le, service) (rate(strata_gateway_seconds_bucket{${answered},status!="101"}[5m])))`,
      ),
    ),
    graph(
      'Memory of the program',
      'bytes',
      line('{{job}}', `sum by (job) (process_resident_memory_bytes{job=~"${named}"})`),
    ),
  ];
}
