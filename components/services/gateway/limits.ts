import type { GatewaySettings } from '../../settings/gateway';
import { file, map } from './text';

/**
 * limits.conf: the counters of addresses. Tenants and users are counted by the guard: nginx counts before it asks who
 * somebody is. Each gateway counts for itself. 10 MB hold the counters of some 80,000 addresses with 128 bytes each.
 */
export function limits({ limits }: GatewaySettings): string {
  return file(
    '# Counters of addresses. Of an IPv6 address the network counts (its first 64 bits): everybody has a whole one.',
    map('$remote_addr', '$counted_address', {
      '"~^(?<network>(?:[0-9a-f]+:){1,4})"': '$network',
      default: '$remote_addr',
    }),
    `limit_req_zone $counted_address zone=address:10m rate=${limits.perSecond}r/s;`,
    `limit_req_zone $counted_address zone=strict:10m rate=${limits.strictPerMinute}r/m;`,
    'limit_conn_zone $counted_address zone=connections:10m;',
    'limit_req_status 429;',
    'limit_conn_status 429;',
  );
}

/** limit.conf: the limit of every location. */
export function limit({ limits }: GatewaySettings): string {
  return file(
    `limit_req zone=address burst=${limits.burst} nodelay;`,
    `limit_conn connections ${limits.connections};`,
  );
}

/** limit-strict.conf: the same, and the limit where passwords and tokens are tried. */
export function strictLimit(settings: GatewaySettings): string {
  const { strictBurst } = settings.limits;
  return file(`limit_req zone=strict burst=${strictBurst} nodelay;`, limit(settings).trimEnd());
}
