import type { FileContent, Service } from '../service';
import { cache, cached } from './cache';
import { cors } from './cors';
import { errorBody, errors, refused } from './errors';
import { guard } from './guard';
import { headers } from './headers';
import { keepAliveSeconds } from './idle';
import type { GatewayInput, Layout } from './input';
import { limit, limits, strictLimit } from './limits';
import { log } from './log';
import { operator, operatorFile } from './operator';
import { proxies } from './proxies';
import {
  check,
  graphqlAccess,
  operatorHeaders,
  proxy,
  publicAccess,
  tokenAccess,
  upgrade,
} from './proxying';
import { refusals, requests } from './requests';
import { challenges, guardOf, redirect, siteServers } from './servers';
import { staticCaching, types } from './static';
import { status } from './status';
import { block, file } from './text';
import { tls } from './tls';
import { variables } from './variables';

/**
 * Every file of the gateway, from the settings and the routes of all services. Pure. nginx.conf is where to begin
 * reading: it says what each of the others is for.
 */
export function gatewayConfig(
  input: GatewayInput,
  services: readonly Service[],
  layout: Layout,
): Record<string, FileContent> {
  const { gateway } = input;
  const guardAddress = guardOf(services);
  return {
    'nginx.conf': main(layout, keepAliveSeconds(input.balanced)),
    // What is the same for all.
    'variables.conf': variables(input, layout),
    'log.conf': log(),
    'proxies.conf': proxies(input),
    'requests.conf': requests(),
    'headers.conf': headers(input),
    'cors.conf': cors(gateway),
    'limits.conf': limits(gateway),
    'upgrade.conf': upgrade(),
    'guard.conf': guard(),
    'cache.conf': cache(layout),
    'static.conf': staticCaching(),
    'error-body.conf': errorBody(),
    'tls.conf': tls(gateway, layout),
    // Servers.
    'status.conf': status(layout),
    'redirect.conf': redirect(input, services, layout),
    'sites.conf': siteServers(input, services, layout),
    // What servers and locations include.
    'errors.conf': errors(),
    'refused.conf': refused(),
    'refusals.conf': refusals(),
    'limit.conf': limit(gateway),
    'limit-strict.conf': strictLimit(gateway),
    'proxy.conf': proxy(),
    'cached.conf': cached(),
    'types.conf': types(),
    'access-public.conf': publicAccess(),
    'access-token.conf': tokenAccess(),
    'access-graphql.conf': graphqlAccess(),
    'access-operator.conf': operator(gateway, layout, operatorHeaders()),
    ...(guardAddress && { 'check.conf': check(guardAddress) }),
    ...(gateway.tls.mode === 'acme' && { 'challenges.conf': challenges(layout) }),
    operators: operatorFile,
  };
}

function main({ scratch, resolver }: Layout, keepAlive: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return file(
    '# Strata: the gateway, the only way in. Rendered from the routes of all services and strata:gateway.',
    'daemon off;',
    `pid ${scratch}/nginx.pid;`,
    'worker_processes auto;',
    '# Lower levels hold whole request lines, and with them the secrets of queries (log.conf).',
    'error_log stderr crit;',
    '',
    block('events', 'worker_connections 4096;'),
    '',
    block(
      'http',
      'server_tokens off;',
      'uninitialized_variable_warn off;',
      'absolute_redirect off;',
      ...temporary.map((name) => `${name}_temp_path ${scratch}/${name};`),
      '',
      '# Where services are found by their names.',
      `resolver ${resolver} valid=5s ipv6=off;`,
      'resolver_timeout 2s;',
      '',
      '# Slow clients do not hold connections, nor memory with what they have sent so far.',
      'client_header_timeout 10s;',
      'client_body_timeout 10s;',
      'send_timeout 30s;',
      `keepalive_timeout ${keepAlive}s;`,
      'large_client_header_buffers 4 16k;',
      'client_body_buffer_size 64k;',
      'variables_hash_max_size 2048;',
      'server_names_hash_bucket_size 512;',
      '',
      '# On where a location says so (BREACH).',
      'gzip off;',
      'gzip_vary on;',
      'gzip_proxied any;',
      'gzip_min_length 1024;',
      'gzip_types text/css text/javascript text/plain application/json application/graphql-response+json application/xml application/manifest+json image/svg+xml;',
      '',
      '# What is the same for all.',
      ...[
        'variables',
        'log',
        'proxies',
        'requests',
        'headers',
        'cors',
        'limits',
        'upgrade',
        'guard',
        'cache',
        'static',
        'error-body',
        'tls',
      ].map((name) => `include ${name}.conf;`),
      '',
      '# Servers: figures inside the network, the way to https, and the sites.',
      'include status.conf;',
      'include redirect.conf;',
      'include sites.conf;',
    ),
  );
}
