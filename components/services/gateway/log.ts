import { file, map } from './text';

/**
 * log.conf: one JSON line for each request. No header with a secret is in it, and no query: what is a token there cannot
 * be told from what is not. A path with a token (a JWT) or an API key in it is not shown.
 *
 * The error log is off but for what stops the gateway: nginx writes the whole request line, query and all, into it.
 * What it would say of services stands in `upstream` and `upstream_status`.
 */
export function log(): string {
  const fields = {
    time: '$time_iso8601',
    id: '$asked_id',
    tenant: '$logged_tenant',
    user: '$logged_user',
    address: '$remote_addr',
    method: '$request_method',
    host: '$host',
    path: '$logged_path',
    protocol: '$server_protocol',
    agent: '$http_user_agent',
    service: '$served_by',
    upstream: '$upstream_addr',
    upstream_status: '$upstream_status',
    cache: '$upstream_cache_status',
  };
  const figures = {
    status: '$status',
    seconds: '$request_time',
    received: '$request_length',
    sent: '$bytes_sent',
  };
  const parts = [
    ...Object.entries(fields).map(([name, value]) => `"${name}":"${value}"`),
    ...Object.entries(figures).map(([name, value]) => `"${name}":${value}`),
  ];
  return file(
    '# One JSON line for each request, without a secret: no query, no header but the agent.',
    map('$request_uri', '$logged_path', {
      '"~eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+"': '"(not shown: it holds a token)"',
      '"~*^[^?]*strata(?:_|%5f)[0-9a-f%]{16}"': '"(not shown: it holds an API key)"',
      '"~^(?<plain_path>[^?#]*)"': '$plain_path',
      default: '""',
    }),
    '# Of GraphQL the guard says with its answer whose request it was.',
    map('"$access|$upstream_http_x_strata_tenant"', '$logged_tenant', {
      '"~^graphql\\|(?<answered_tenant>[0-9A-Za-z-]{1,64})$"': '$answered_tenant',
      default: '$guard_tenant',
    }),
    map('"$access|$upstream_http_x_strata_user"', '$logged_user', {
      '"~^graphql\\|(?<answered_user>[0-9A-Za-z-]{1,64})$"': '$answered_user',
      default: '$guard_user',
    }),
    `log_format request escape=json '{${parts.join(',')}}';`,
    'access_log /dev/stdout request;',
  );
}
