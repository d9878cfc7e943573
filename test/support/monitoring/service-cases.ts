import { fires, seen, slow, type Case } from './case';

const answers = (service: string, failed: string) => ({
  [`strata_gateway_requests_total{service="${service}",status="200"}`]: '0+900x60',
  [`strata_gateway_requests_total{service="${service}",status="502"}`]: failed,
  // One that is well makes up for none.
  'strata_gateway_requests_total{service="storage",status="200"}': '0+90000x60',
});
const gotrue = (failed: string) => ({
  'http_status_codes_total{job="gotrue",code="200"}': '0+90x20',
  'http_status_codes_total{job="gotrue",code="500"}': failed,
  'http_status_codes_total{job="other",code="500"}': '0+900x20',
});
const stored = (failed: string) => ({
  'storage_api_http_request_duration_seconds_count{status_code="200"}': '0+90x20',
  'storage_api_http_request_duration_seconds_count{status_code="500"}': failed,
});
const closed = (reason: string) => `strata_guard_sockets_closed_total{reason="${reason}"}`;

/** Rules about one service, and about every service alike. */
export const serviceCases: Readonly<Record<string, Case>> = {
  ServiceErrors: {
    fires: fires('10m', { service: 'hasura' }, answers('hasura', '0+60x60')),
    quiet: seen('10m', answers('hasura', '0+40x60')),
  },
  ServiceSlow: {
    fires: fires(
      '21m',
      { service: 'hasura' },
      slow('strata_gateway_seconds_bucket', '0+90x60', '0+100x60', '5', ',service="hasura"'),
    ),
    quiet: seen('21m', {
      ...slow('strata_gateway_seconds_bucket', '0+96x60', '0+100x60', '5', ',service="hasura"'),
      ...slow(
        'strata_gateway_seconds_bucket',
        '0x60',
        '0+900x60',
        '5',
        ',service="hasura",status="101"',
      ),
    }),
  },
  SocketsBreak: {
    fires: fires('11m', { reason: 'upstream_ended' }, { [closed('upstream_ended')]: '0+7x20' }),
    quiet: seen('11m', {
      [closed('upstream_ended')]: '0+5x20',
      [closed('client_left')]: '0+90x20',
    }),
  },
  SocketsMisused: {
    fires: fires(
      '3m',
      {},
      { [closed('message_invalid')]: '_ 60 60 60', [closed('init_missing')]: '_ 41 41 41' },
    ),
    quiet: seen('3m', {
      [closed('message_invalid')]: '_ 100 100 100',
      [closed('token_expired')]: '_ 900 900 900',
    }),
  },
  OauthSignInFailures: {
    fires: fires(
      '3m',
      {},
      {
        'strata_oauth_sign_ins_total{outcome="wrong"}': '_ 90 90 90',
        'strata_oauth_sign_ins_total{outcome="limited"}': '_ 11 11 11',
      },
    ),
    quiet: seen('3m', {
      'strata_oauth_sign_ins_total{outcome="wrong"}': '_ 100 100 100',
      'strata_oauth_sign_ins_total{outcome="right"}': '_ 900 900 900',
    }),
  },
  OauthClientRefused: {
    fires: fires(
      '3m',
      { client: 'shop' },
      {
        'strata_oauth_refusals_total{client="shop",reason="invalid_client",endpoint="token"}':
          '_ 21 21 21',
      },
    ),
    quiet: seen('3m', {
      'strata_oauth_refusals_total{client="shop",reason="invalid_client"}': '_ 20 20 20',
      'strata_oauth_refusals_total{client="shop",reason="invalid_grant"}': '_ 90 90 90',
      'strata_oauth_refusals_total{client="other",reason="invalid_client"}': '_ 20 20 20',
    }),
  },
  OauthFails: {
    fires: fires('11m', {}, { 'strata_oauth_refusals_total{reason="server_error"}': '0+7x20' }),
    quiet: seen('11m', {
      'strata_oauth_refusals_total{reason="server_error"}': '0+5x20',
      'strata_oauth_refusals_total{reason="invalid_grant"}': '0+90x20',
    }),
  },
  GotrueFails: {
    fires: fires('11m', {}, gotrue('0+10x20')),
    quiet: seen('11m', gotrue('0+4x20')),
  },
  PostgrestPoolFull: {
    fires: fires(
      '5m',
      { job: 'postgrest' },
      { 'pgrst_db_pool_timeouts_total{job="postgrest"}': '0 0 3 6 6 6' },
    ),
    quiet: seen('5m', { 'pgrst_db_pool_timeouts_total{job="postgrest"}': '0 0 2 4 4 4' }),
  },
  PostgrestSchemaUnknown: {
    fires: fires(
      '10m',
      { status: 'FAIL' },
      { 'pgrst_schema_cache_loads_total{status="FAIL"}': '0+1x20' },
    ),
    quiet: seen('10m', {
      'pgrst_schema_cache_loads_total{status="FAIL"}': '0 1 2 2 2 2 2 2 2 2 2',
      'pgrst_schema_cache_loads_total{status="SUCCESS"}': '0+9x20',
    }),
  },
  SupabaseStorageFails: {
    fires: fires('11m', {}, stored('0+10x20')),
    quiet: seen('11m', stored('0+4x20')),
  },
  ImgproxyFails: {
    fires: fires(
      '16m',
      { type: 'downloading' },
      { 'imgproxy_errors_total{type="downloading"}': '0+7x20' },
    ),
    quiet: seen('16m', { 'imgproxy_errors_total{type="downloading"}': '0+5x20' }),
  },
  TenantJobGivenUp: {
    fires: fires(
      '3m',
      { action: 'create' },
      { 'strata_tenant_jobs_total{action="create",result="failed"}': '_ 1 1 1' },
    ),
    quiet: seen('70m', {
      'strata_tenant_jobs_total{action="create",result="failed"}': '1x80',
      'strata_tenant_jobs_total{action="create",result="retried"}': '0+5x80',
    }),
  },
  TenantJobsWait: {
    fires: fires('16m', {}, { 'strata_tenant_jobs{state="queued"}': '21x20' }),
    quiet: seen('16m', {
      'strata_tenant_jobs{state="queued"}': '20x20',
      'strata_tenant_jobs{state="done"}': '900x20',
    }),
  },
};
