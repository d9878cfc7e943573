import { askedAtGateway } from '../blackbox';
import { graph, line } from './panel';

/** The way in. What the gateway answered is known only where logs are collected. */
export const gateway = [
  graph(
    'Connections',
    'short',
    line('active', 'nginx_connections_active'),
    line('waiting', 'nginx_connections_waiting'),
  ),
  graph(
    'Requests at the gateway',
    'reqps',
    line('requests', 'rate(nginx_http_requests_total[5m])'),
  ),
  graph(
    'Answers',
    'reqps',
    line('{{status}}', 'sum by (status) (rate(strata_gateway_requests_total[5m]))'),
  ),
  graph(
    'Time of an answer',
    's',
    line('95 %', 'histogram_quantile(0.95, sum by (le) (rate(strata_gateway_seconds_bucket[5m])))'),
    line('50 %', 'histogram_quantile(0.5, sum by (le) (rate(strata_gateway_seconds_bucket[5m])))'),
  ),
  graph(
    'Time that the guard takes',
    's',
    line(
      '{{door}} 99 %',
      'histogram_quantile(0.99, sum by (le, door) (rate(strata_guard_duration_seconds_bucket[5m])))',
    ),
    line(
      '{{door}} 50 %',
      'histogram_quantile(0.5, sum by (le, door) (rate(strata_guard_duration_seconds_bucket[5m])))',
    ),
  ),
  graph(
    'Refused by the guard',
    'reqps',
    line('{{reason}}', 'sum by (reason) (rate(strata_guard_refusals_total[5m]))'),
  ),
  graph(
    'Cost of GraphQL operations',
    'short',
    line(
      '95 %',
      'histogram_quantile(0.95, sum by (le) (rate(strata_guard_query_cost_bucket[5m])))',
    ),
  ),
  graph('Time of a probe', 's', line('{{instance}}', `probe_duration_seconds{${askedAtGateway}}`)),
];
