import type { Route } from '../route';
import type { Layout } from './input';
import { file, map, type Line } from './text';

/**
 * cache.conf: where answers of routes with `cacheSeconds` are kept: 64 MB, forgotten with the container.
 *
 * nginx looks at that size every ten seconds, and stores an answer whole before it counts it. So what is large, or does
 * not say how long it is, is not kept at all: it would fill the container's memory in between.
 */
export function cache({ scratch }: Layout): string {
  return file(
    '# Answers that a route lets be kept.',
    `proxy_cache_path ${scratch}/answers levels=1:2 keys_zone=answers:10m max_size=64m inactive=10m use_temp_path=off;`,
    '# A request with a cookie is personal. With a token it is too, unless the guard has said whose it is.',
    map(
      '"$http_cookie|$guard_tenant|$http_authorization$http_x_api_key$http_x_tenant"',
      '$personal',
      {
        '"~^\\|[^|]+\\|"': '""',
        '"||"': '""',
        default: '1',
      },
    ),
    map('$upstream_http_cache_control', '$unkept', {
      '"~*(?:private|no-store|no-cache)"': '1',
      default: '""',
    }),
    '# Kept is what says that it is shorter than 100,000 bytes.',
    map('$upstream_http_content_length', '$large', { '"~^[0-9]{1,5}$"': '""', default: '1' }),
  );
}

/**
 * cached.conf: how a location uses it. The guard is asked first, each time. An answer belongs to one tenant, user, role
 * and set of scopes at one host and path; one that sets a cookie or says "private" is not kept.
 */
export function cached(): string {
  return file(
    'proxy_cache answers;',
    'proxy_cache_bypass $personal;',
    'proxy_no_cache $personal $unkept $large;',
    'proxy_cache_lock on;',
    '# The route says how long, not the service.',
    'proxy_ignore_headers Cache-Control Expires;',
    '# Otherwise nginx would fetch the whole file for each byte of it that is asked for.',
    'proxy_set_header Range $http_range;',
    'proxy_set_header If-Range $http_if_range;',
  );
}

/** How a location uses it, with what is the location's own. */
export function keeps({ cacheSeconds, withoutQuery }: Route): Line {
  if (cacheSeconds === undefined) return false;
  // The path stands last: nothing that a client writes can look like another field.
  const asked = withoutQuery ? '$tenant_path|$uri' : '$request_uri';
  return [
    'include cached.conf;',
    `proxy_cache_key "$guard_tenant|$guard_user|$guard_role|$guard_scopes|$host|${asked}";`,
    `proxy_cache_valid 200 ${cacheSeconds}s;`,
  ];
}
