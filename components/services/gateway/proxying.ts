import { file, map } from './text';

/** What only the gateway and the guard may say: of clients it never gets further. */
const reserved = [
  'Forwarded',
  'X-Forwarded-Server',
  'X-Forwarded-Prefix',
  'X-Forwarded-Scheme',
  'X-Forwarded-Ssl',
  'X-Script-Name',
  'X-Scheme',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'CF-Connecting-IPv6',
  'X-Strata-Authorization',
  'X-Strata-Status',
  'X-Strata-Reason',
  'X-Hasura-Admin-Secret',
  'Proxy',
];

const identity = ['Tenant', 'User', 'Role', 'Scopes'] as const;

const originalRequest = {
  'X-Original-Method': '$request_method',
  'X-Original-URI': '$request_uri',
  'X-Original-Host': '$host',
};

/** What tells services and the guard about a request, in the place of what the client says. */
const aboutRequest = {
  'X-Request-Id': '$asked_id',
  'X-Real-IP': '$remote_addr',
  'X-Tenant-Host': '$tenant_host',
  'X-Tenant-Path': '$tenant_path',
};

/** proxy.conf: how every service is asked. */
export function proxy(): string {
  return file(
    '# How services are asked. Their names are looked up again and again, so a replaced container is found.',
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 1s;',
    '# Another replica is tried when one is away; what may have been done already is never done twice.',
    'proxy_next_upstream error timeout http_502 http_503;',
    'proxy_next_upstream_tries 3;',
    'proxy_next_upstream_timeout 5s;',
    '# Long answers are passed on as fast as the client takes them, not kept on the way.',
    'proxy_max_temp_file_size 0;',
    '# A service does not send the gateway elsewhere.',
    'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset;',
    '',
    ...set({
      Host: '$asked_host',
      ...aboutRequest,
      'X-Forwarded-For': '$remote_addr',
      'X-Forwarded-Proto': '$scheme',
      'X-Forwarded-Host': '$host',
      'X-Forwarded-Port': '$asked_port',
      Connection: '$connection_upgrade',
      Upgrade: '$socket_upgrade',
      'Accept-Encoding': '""',
      ...Object.fromEntries(reserved.map((name) => [name, '""'])),
    }),
  );
}

/** upgrade.conf: web sockets alone. Another upgrade (h2c) would open a way past the gateway. */
export function upgrade(): string {
  return file(
    '# Of what a connection can be upgraded to, web sockets alone, and where a route says so.',
    map('"$sockets|$http_upgrade"', '$socket_upgrade', {
      '"~*^yes\\|websocket$"': 'websocket',
      default: '""',
    }),
    map('$socket_upgrade', '$connection_upgrade', { websocket: 'upgrade', default: '""' }),
  );
}

/** access-public.conf: who somebody is, the service asks itself. */
export function publicAccess(): string {
  return file('# Public: the service sees what the client sent.', set(nobody(true)));
}

/** Of operators, whose login is not for the service unless its route says so. */
export function operatorHeaders(): string {
  return file(set({ ...nobody(true), Authorization: '$passed_login' })).trimEnd();
}

/** access-graphql.conf: the guard reads the query and asks the service itself. */
export function graphqlAccess(): string {
  return file(
    '# GraphQL: the guard is asked in the place of the service, reads the query and passes it on.',
    set({ ...nobody(false), ...originalRequest }),
  );
}

/**
 * access-token.conf: nginx asks the guard, and passes on what the guard has said and nothing else. `$admitted` (guard.conf)
 * is the service only when the guard has said who it is. It asks in its access phase, before it reads a body: who is not
 * let in cannot fill the memory with one.
 */
export function tokenAccess(): string {
  return file(
    '# A valid token or API key: the guard is asked first.',
    'auth_request /_strata/check;',
    'auth_request_set $guard_authorization $upstream_http_x_strata_authorization;',
    identity.map(
      (name) =>
        `auth_request_set $guard_${name.toLowerCase()} $upstream_http_x_strata_${name.toLowerCase()};`,
    ),
    'auth_request_set $guard_status $upstream_http_x_strata_status;',
    'auth_request_set $guard_reason $upstream_http_x_strata_reason;',
    'auth_request_set $guard_retry_after $upstream_http_retry_after;',
    'auth_request_set $guard_challenge $upstream_http_www_authenticate;',
    set({
      ...nobody(true),
      Authorization: '$guard_authorization',
      'X-API-Key': '""',
      Apikey: '$kept_apikey',
      'X-Tenant': '""',
      ...Object.fromEntries(
        identity.map((name) => [`X-Strata-${name}`, `$guard_${name.toLowerCase()}`]),
      ),
    }),
  );
}

/** check.conf: the question to the guard. Nothing of the client's request but what stands here gets there. */
export function check(guard: string): string {
  return file(
    '# The question to the guard: "may this pass, and whose is it?"',
    'location = /_strata/check {',
    '    internal;',
    `    set $guard ${guard};`,
    '    proxy_pass http://$guard/check;',
    '    proxy_method GET;',
    '    proxy_http_version 1.1;',
    '    proxy_pass_request_body off;',
    '    proxy_pass_request_headers off;',
    '    proxy_connect_timeout 1s;',
    '    proxy_read_timeout 3s;',
    '    proxy_next_upstream error timeout http_502 http_503;',
    '    proxy_next_upstream_tries 2;',
    '    proxy_next_upstream_timeout 3s;',
    '    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires;',
    ...set({
      Host: 'guard',
      Connection: '""',
      // Without a body, its length would make the guard wait for one.
      'Content-Length': '""',
      'Transfer-Encoding': '""',
      ...aboutRequest,
      ...originalRequest,
      Authorization: '$http_authorization',
      'X-API-Key': '$http_x_api_key',
      Apikey: '$http_apikey',
      'X-Tenant': '$http_x_tenant',
    }).map((line) => `    ${line}`),
    '}',
  );
}

/** No identity; `original` clears the headers of the original request too. */
function nobody(original: boolean): Record<string, string> {
  const names = [
    ...identity.map((name) => `X-Strata-${name}`),
    ...(original ? Object.keys(originalRequest) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, '""']));
}

function set(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `proxy_set_header ${name} ${value};`);
}
