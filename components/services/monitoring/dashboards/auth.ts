import { graph, line } from './panel';

/** Who signs in, and who cannot. */
export const auth = [
  graph(
    'Sign-ins',
    'ops',
    line('of a tenant: {{tenant}}', 'sum by (tenant) (rate(strata_sessions_sign_ins_total[5m]))'),
    line('{{kind}}', 'sum by (kind) (rate(strata_sessions_refreshes_total[5m]))'),
  ),
  graph(
    'Refused by the auth service',
    'ops',
    line('{{kind}}', 'sum by (kind) (rate(strata_sessions_rejections_total[5m]))'),
  ),
  graph(
    'Refused by sessions',
    'ops',
    line('{{reason}}', 'sum by (reason) (rate(strata_sessions_failures_total[5m]))'),
  ),
  graph(
    'Failures of the auth service',
    'ops',
    line('{{kind}}', 'sum by (kind) (rate(strata_sessions_upstream_errors_total[5m]))'),
  ),
  graph(
    'Sign-outs',
    'ops',
    line('{{kind}}', 'sum by (kind) (rate(strata_sessions_revocations_total[5m]))'),
  ),
  graph(
    'Answers of GoTrue',
    'reqps',
    line('{{code}}', 'sum by (code) (rate(http_status_codes_total{job="gotrue"}[5m]))'),
  ),
  graph(
    'Tokens of the OAuth server',
    'ops',
    line('{{client}}: {{grant}}', 'sum by (client, grant) (rate(strata_oauth_tokens_total[5m]))'),
    line('ended before their time', 'sum(rate(strata_oauth_revocations_total[5m]))'),
  ),
  graph(
    'Refused by the OAuth server',
    'ops',
    line(
      '{{endpoint}}: {{reason}}',
      'sum by (endpoint, reason) (rate(strata_oauth_refusals_total[5m]))',
    ),
  ),
  graph(
    'Passwords at the OAuth server',
    'ops',
    line('{{outcome}}', 'sum by (outcome) (rate(strata_oauth_sign_ins_total[5m]))'),
  ),
];
