import { grown } from './grown';
import type { Rule } from './rule';

const rejections = 'strata_sessions_rejections_total{kind="other"}';

/** The door to the auth service: who could not sign in, and whether anybody could. */
export const sessionRules: readonly Rule[] = [
  {
    alert: 'SignInFailures',
    expr: `sum(${grown(rejections, '10m')}) > 100`,
    severity: 'warning',
    summary: '{{ $value | humanize }} sign-ins were refused in 10 minutes',
    description:
      'Somebody tries passwords, codes or links, or a client was released with a mistake.',
  },
  {
    alert: 'SessionSwitchesRefused',
    expr: `sum(${grown('strata_sessions_failures_total{reason="wrong_tenant"}', '10m')}) > 5`,
    severity: 'critical',
    summary: '{{ $value | humanize }} times somebody asked to become another tenant’s',
    description:
      'They were refused. A client mixes tenants up, or somebody who is signed in looks for a hole.',
  },
  {
    alert: 'SessionsFail',
    expr: 'sum by (kind) (rate(strata_sessions_upstream_errors_total[5m])) > 0.1',
    for: '5m',
    severity: 'critical',
    summary: 'The auth service does not answer as it should: {{ $labels.kind }}',
    description: 'Nobody can sign in, and nobody stays signed in longer than a token lasts.',
  },
];

/** The OAuth server: secrets and passwords that are tried there, and whether it works. */
export const oauthRules: readonly Rule[] = [
  {
    alert: 'OauthSignInFailures',
    expr: `sum(${grown('strata_oauth_sign_ins_total{outcome=~"wrong|limited"}', '10m')}) > 100`,
    severity: 'warning',
    summary: '{{ $value | humanize }} passwords were refused by the OAuth server in 10 minutes',
    description: 'Somebody tries passwords at its pages, or by the password grant.',
  },
  {
    alert: 'OauthClientRefused',
    expr: `sum by (client) (${grown('strata_oauth_refusals_total{reason=~"invalid_client|too_many_failures"}', '10m')}) > 20`,
    severity: 'warning',
    summary: 'The client {{ $labels.client }} showed a wrong secret {{ $value | humanize }} times',
    description: 'Somebody tries secrets, or a program has the one from before a change.',
  },
  {
    alert: 'OauthFails',
    expr: 'sum(rate(strata_oauth_refusals_total{reason="server_error"}[5m])) > 0.1',
    for: '5m',
    severity: 'critical',
    summary: 'The OAuth server cannot answer',
    description: 'Programs of tenants get no tokens: Redis, the database or `sessions` is away.',
  },
];

/**
 * GoTrue by its own count of answers: `http_status_codes` (internal/observability/request-tracing.go at 2aea0706, read
 * 2026-11-22), to which the exporter of OpenTelemetry adds `_total`. Not seen live.
 */
export const gotrueRules: readonly Rule[] = [
  {
    alert: 'GotrueFails',
    expr: 'sum(rate(http_status_codes_total{job="gotrue",code=~"5.."}[5m])) / sum(rate(http_status_codes_total{job="gotrue"}[5m])) > 0.05',
    for: '5m',
    severity: 'critical',
    summary: 'GoTrue fails in {{ $value | humanizePercentage }} of its answers',
    description:
      'People cannot sign in or stay signed in: its database or its mail server is away.',
  },
];
