import type { GatewayInput } from './input';
import { block, file, map } from './text';

/** https://www.cloudflare.com/ips as MISP's warning list has it (version 20261014, looked up 2026-11-21). */
const cloudflare = [
  '173.245.48.0/20',
  '103.21.244.0/22',
  '103.22.200.0/22',
  '103.31.4.0/22',
  '141.101.64.0/18',
  '108.162.192.0/18',
  '190.93.240.0/20',
  '188.114.96.0/20',
  '197.234.240.0/22',
  '198.41.128.0/17',
  '162.158.0.0/15',
  '104.16.0.0/13',
  '104.24.0.0/14',
  '172.64.0.0/13',
  '131.0.72.0/22',
  '2400:cb00::/32',
  '2606:4700::/32',
  '2803:f800::/32',
  '2405:b500::/32',
  '2405:8100::/32',
  '2a06:98c0::/29',
  '2c0f:f248::/32',
] as const;

/**
 * proxies.conf: who the client is. X-Forwarded-For is read from the right, as far as trusted proxies wrote it; of
 * anybody else it is ignored. Cloudflare appends to it as well as it sends a header of its own. A balancer of AWS hands
 * on the id that a client has made up, so it is believed about addresses alone.
 */
export function proxies({ gateway, balanced }: GatewayInput): string {
  const { cloudflare: behind, addresses } = gateway.proxies;
  const trusted = [...new Set([...(behind ? cloudflare : []), ...addresses])];
  return file(
    '# Whose word is taken for the address of a client, and for the id of a request.',
    trusted.map((network) => `set_real_ip_from ${network};`),
    trusted.length > 0 && ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;'],
    block(
      'geo $realip_remote_addr $from_proxy',
      'default no;',
      !balanced && trusted.map((network) => `${network} yes;`),
    ),
    map('"$from_proxy|$http_x_request_id"', '$asked_id', {
      '"~^yes\\|(?<given_id>[A-Za-z0-9_-]{8,64})$"': '$given_id',
      default: '$request_id',
    }),
  );
}
