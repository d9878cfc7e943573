import type { GatewayInput, Layout } from './input';
import { file, map } from './text';

const names = [
  'access',
  'sockets',
  'passed_login',
  'upstream',
  'served_by',
  'own_host',
  'of_users',
  'kept_seconds',
  'retry_after',
  'guard_authorization',
  'guard_tenant',
  'guard_user',
  'guard_role',
  'guard_scopes',
  'guard_status',
  'guard_reason',
  'guard_retry_after',
  'guard_challenge',
];

/** variables.conf: nginx knows a variable only when something sets it, and not every platform has every kind of route. */
export function variables({ gateway }: GatewayInput, { own }: Layout): string {
  return file(
    '# Empty unless a location sets them.',
    names.map((name) => map('""', `$${name}`, { default: '""' }).join(' ')),
    '# A service that knows itself by one name is asked by it.',
    map('$own_host', '$asked_host', { '""': '$host', default: '$own_host' }),
    '# The port that the client has asked, for services that write addresses of their own.',
    map('$server_port', '$asked_port', {
      ...Object.fromEntries(
        Object.entries(own).map(([name, address]) => [
          address.slice(address.lastIndexOf(':') + 1),
          String(gateway.ports.services[name] ?? gateway.ports.https),
        ]),
      ),
      default: String(gateway.ports.https),
    }),
    '# An API key is for the guard alone.',
    map('$http_apikey', '$kept_apikey', { '~^strata_': '""', default: '$http_apikey' }),
  );
}
