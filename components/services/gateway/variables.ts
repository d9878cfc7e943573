import { file, map } from './text';

const names = [
  'access',
  'sockets',
  'passed_login',
  'upstream',
  'own_host',
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
export function variables(): string {
  return file(
    '# Empty unless a location sets them.',
    names.map((name) => map('""', `$${name}`, { default: '""' }).join(' ')),
    '# A service that knows itself by one name is asked by it.',
    map('$own_host', '$asked_host', { '""': '$host', default: '$own_host' }),
    '# An API key is for the guard alone.',
    map('$http_apikey', '$kept_apikey', { '~^strata_': '""', default: '$http_apikey' }),
  );
}
