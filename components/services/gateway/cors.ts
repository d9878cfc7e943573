import type { GatewaySettings } from '../../settings/gateway';
import { file, map, type Line } from './text';

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const requestHeaders =
  'Authorization, Content-Type, Accept, X-API-Key, X-Tenant, X-Requested-With, Range, If-Match, If-None-Match, ' +
  // What clients of Supabase send (supabase-js, src/cors.ts of 2.119.1).
  'Apikey, X-Client-Info, X-Supabase-Api-Version, Accept-Profile, Content-Profile, Prefer, X-Upsert, Cache-Control';
const answerHeaders = 'X-Request-Id, Retry-After, Content-Range, ETag, Location';

const ours = ['Origin', 'Credentials', 'Methods', 'Headers', 'Max-Age', 'Expose-Headers'];

/**
 * cors.conf: which web pages may read answers. What is sent comes from the settings, never from the request, and
 * services have no say.
 */
export function cors({ cors }: GatewaySettings): string {
  const { origins, credentials } = cors;
  return file(
    '# Which web pages of other origins may call: exactly these.',
    map('$http_origin', '$allowed_origin', {
      ...Object.fromEntries(origins.map((origin) => [`"${origin}"`, `"${origin}"`])),
      default: '""',
    }),
    perOrigin('$allow_credentials', credentials && 'true'),
    perOrigin('$expose_headers', `"${answerHeaders}"`),
    map('"$request_method|$allowed_origin"', '$allow_methods', {
      '"~^OPTIONS\\|."': `"${methods}"`,
      default: '""',
    }),
    map('"$request_method|$allowed_origin"', '$allow_headers', {
      '"~^OPTIONS\\|."': `"${requestHeaders}"`,
      default: '""',
    }),
    map('"$request_method|$allowed_origin"', '$preflight_age', {
      '"~^OPTIONS\\|."': '600',
      default: '""',
    }),
    '# Caches must not hand the answer for one origin to another.',
    origins.length > 0 && 'add_header Vary Origin always;',
    'add_header Access-Control-Allow-Origin $allowed_origin always;',
    'add_header Access-Control-Allow-Credentials $allow_credentials always;',
    'add_header Access-Control-Expose-Headers $expose_headers always;',
    'add_header Access-Control-Allow-Methods $allow_methods always;',
    'add_header Access-Control-Allow-Headers $allow_headers always;',
    'add_header Access-Control-Max-Age $preflight_age always;',
    ours.map((name) =>
      name === 'Max-Age' || name === 'Expose-Headers'
        ? `proxy_hide_header Access-Control-${name};`
        : `proxy_hide_header Access-Control-Allow-${name};`,
    ),
    '',
    '# A preflight is answered here: "yes" or "no".',
    map('"$request_method|$http_access_control_request_method|$allowed_origin"', '$preflight', {
      '"~^OPTIONS\\|[^|]+\\|."': 'yes',
      '"~^OPTIONS\\|[^|]+\\|$"': 'no',
      default: '""',
    }),
    '# Browsers open web sockets to other origins without asking: whoever sends an origin is asked for it.',
    map('"$connection_upgrade|$allowed_origin|$host|$http_origin"', '$foreign_socket', {
      '"~^upgrade\\|\\|(?<own>[^|]+)\\|https://\\g{own}(?::[0-9]+)?$"': '""',
      '"~^upgrade\\|\\|[^|]+\\|."': '1',
      default: '""',
    }),
  );
}

function perOrigin(name: string, value: string | false): Line {
  return map('$allowed_origin', name, { '""': '""', default: value === false ? '""' : value });
}
