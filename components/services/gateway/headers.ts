import type { GatewayInput } from './input';
import { file, map } from './text';

/** Headers of services that the gateway sets itself, or keeps to itself. */
const hidden = [
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'Referrer-Policy',
  'Permissions-Policy',
  'Content-Security-Policy',
  'X-Request-Id',
  'X-Powered-By',
  'X-Strata-Authorization',
  'X-Strata-Tenant',
  'X-Strata-User',
  'X-Strata-Role',
  'X-Strata-Scopes',
  'X-Strata-Status',
  'X-Strata-Reason',
];

/**
 * Of what users have uploaded: a page or drawing among it would else run scripts that stand beside it, as the platform's
 * own page. The same as the platform's own storage says.
 */
const userPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/**
 * headers.conf: what every answer carries. They stand here and nowhere else: one `add_header` in a location would take
 * them all away there. A header whose value is empty is not sent.
 */
export function headers({ domain, gateway }: GatewayInput): string {
  return file(
    '# Headers of every answer. A service may send another policy for its own pages.',
    map('"$of_users|$upstream_http_content_security_policy"', '$security_policy', {
      '~^yes': `"${userPolicy}"`,
      '"|"': '$default_policy',
      default: '$upstream_http_content_security_policy',
    }),
    '# Consoles for operators draw with inline scripts.',
    map('$access', '$default_policy', {
      operator: `"base-uri 'none'; frame-ancestors 'none'; object-src 'none'"`,
      default: `"${gateway.contentSecurityPolicy}"`,
    }),
    map('$upstream_http_x_frame_options', '$frame_options', {
      '~*^sameorigin$': 'SAMEORIGIN',
      default: 'DENY',
    }),
    map('$upstream_http_referrer_policy', '$referrer_policy', {
      '""': 'strict-origin-when-cross-origin',
      default: '$upstream_http_referrer_policy',
    }),
    map('$upstream_http_permissions_policy', '$permissions_policy', {
      '""': '"camera=(), geolocation=(), microphone=(), payment=(), usb=()"',
      default: '$upstream_http_permissions_policy',
    }),
    '',
    'add_header Content-Security-Policy $security_policy always;',
    'add_header X-Frame-Options $frame_options always;',
    'add_header X-Content-Type-Options nosniff always;',
    'add_header Referrer-Policy $referrer_policy always;',
    'add_header Permissions-Policy $permissions_policy always;',
    strictTransport(domain, gateway.hstsSeconds) &&
      `add_header Strict-Transport-Security $strict_transport always;`,
    'add_header X-Request-Id $asked_id always;',
    'add_header Retry-After $retry_after always;',
    'add_header WWW-Authenticate $challenge always;',
    hidden.map((name) => `proxy_hide_header ${name};`),
    '',
    strictTransport(domain, gateway.hstsSeconds) &&
      map('$https', '$strict_transport', {
        on: `"max-age=${gateway.hstsSeconds}; includeSubDomains"`,
        default: '""',
      }),
  );
}

/** Browsers remember it for a host, not for a port: on localhost it would lock out every other program there. */
function strictTransport(domain: string, seconds: number): boolean {
  return seconds > 0 && domain !== 'localhost' && !domain.endsWith('.localhost');
}
