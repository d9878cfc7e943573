import { askedInside } from '../blackbox';
import type { Rule } from './rule';

/** Every service, asked by the prober; the only figures of those that have none themselves. */
export const healthRules: readonly Rule[] = [
  {
    alert: 'ServiceUnhealthy',
    expr: `probe_success{${askedInside}} == 0`,
    for: '2m',
    severity: 'critical',
    summary: '{{ $labels.service }} is not healthy',
    description: 'It does not answer inside the platform, or says that it cannot do its work.',
  },
];

const requests = 'strata_gateway_requests_total{service!=""}';
const failed = 'strata_gateway_requests_total{service!="",status=~"5.."}';

/** Every service with a route, by what the gateway answered for it. */
export const answerRules: readonly Rule[] = [
  {
    alert: 'ServiceErrors',
    expr: `sum by (service) (rate(${failed}[5m])) / sum by (service) (rate(${requests}[5m])) > 0.05 and sum by (service) (rate(${failed}[5m])) > 0.1`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the requests to {{ $labels.service }} fail',
    description: 'It is down, overloaded or broken, or the guard cannot work for it.',
  },
  {
    alert: 'ServiceSlow',
    // A socket that ends after an hour is no slow answer.
    expr: 'histogram_quantile(0.95, sum by (le, service) (rate(strata_gateway_seconds_bucket{service!="",status!="101"}[10m]))) > 5',
    for: '10m',
    severity: 'warning',
    summary:
      'One request in 20 to {{ $labels.service }} takes more than {{ $value | humanizeDuration }}',
    description: 'People wait. What clients send slowly counts too: uploads above all.',
  },
];
