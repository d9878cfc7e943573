import { askedAtGateway } from '../blackbox';
import type { Rule } from './rule';

const day = 24 * 3600;

/** nginx itself, and its certificate as a stranger sees it (blackbox). */
export const gatewayRules: readonly Rule[] = [
  {
    alert: 'GatewayDown',
    expr: 'nginx_up == 0',
    for: '1m',
    severity: 'critical',
    summary: 'The gateway does not answer',
    description: 'Nobody reaches anything.',
  },
  {
    alert: 'CertificateExpiresSoon',
    expr: `min by (host) (probe_ssl_earliest_cert_expiry) - time() < ${14 * day}`,
    for: '1h',
    severity: 'warning',
    summary: 'The certificate of {{ $labels.host }} ends in {{ $value | humanizeDuration }}',
    description: 'It should have been renewed by now.',
  },
  {
    alert: 'CertificateExpires',
    expr: `min by (host) (probe_ssl_earliest_cert_expiry) - time() < ${3 * day}`,
    for: '5m',
    severity: 'critical',
    summary: 'The certificate of {{ $labels.host }} ends in {{ $value | humanizeDuration }}',
    description: 'From then on no browser connects.',
  },
];

/** Every route as a stranger sees it. */
export const routeRules: readonly Rule[] = [
  {
    alert: 'RouteFails',
    expr: `probe_success{${askedAtGateway}} == 0`,
    for: '2m',
    severity: 'critical',
    summary: '{{ $labels.instance }} is not as it should be',
    description:
      'Through the gateway {{ $labels.service }} does not answer, or what must be refused without a token is not refused.',
  },
  {
    alert: 'RouteSlow',
    expr: `avg_over_time(probe_duration_seconds{${askedAtGateway}}[5m]) > 2`,
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.instance }} takes {{ $value | humanizeDuration }}',
    description: 'A request without a token does no work, so people wait longer than that.',
  },
];

const requests = 'strata_gateway_requests_total';

/** What the gateway answered, counted from its log by Alloy. */
export const logRules: readonly Rule[] = [
  {
    alert: 'GatewayErrors',
    expr: `sum(rate(${requests}{status=~"5.."}[5m])) / sum(rate(${requests}[5m])) > 0.05 and sum(rate(${requests}{status=~"5.."}[5m])) > 0.1`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the requests fail',
    description: 'The gateway answers 5xx: a service is down, overloaded or broken.',
  },
  {
    alert: 'GatewaySlow',
    expr: 'histogram_quantile(0.95, sum by (le) (rate(strata_gateway_seconds_bucket{status!="101"}[5m]))) > 2',
    for: '10m',
    severity: 'warning',
    summary: 'One request in 20 takes more than {{ $value | humanizeDuration }}',
    description: 'People wait: a service or the database is slow.',
  },
];
