import { block, file, map } from './text';

/** What nginx itself refuses. `codes` are nginx's (some exist only inside it), `status` is what the client gets. */
const refusals = [
  {
    name: 'bad_request',
    codes: '400',
    status: 400,
    message: 'the request cannot be understood',
  },
  { name: 'not_found', codes: '404', status: 404, message: 'there is nothing here' },
  { name: 'method_not_allowed', codes: '405', status: 405, message: 'not with this method' },
  { name: 'timeout', codes: '408', status: 408, message: 'the request took too long to arrive' },
  {
    name: 'body_too_large',
    codes: '413',
    status: 413,
    message: 'the request is larger than this path takes',
  },
  { name: 'uri_too_long', codes: '414', status: 414, message: 'the address is too long' },
  { name: 'headers_too_large', codes: '494', status: 431, message: 'the headers are too large' },
  { name: 'https_required', codes: '497', status: 400, message: 'this port speaks https' },
  {
    name: 'unavailable',
    codes: '500 502 503',
    status: 503,
    message: 'the platform cannot answer now: try again',
  },
  {
    name: 'upstream_timeout',
    codes: '504',
    status: 504,
    message: 'the answer took too long',
  },
] as const;

/** error-body.conf: the three forms of a refusal; GraphQL clients show only what looks like their own. */
export function errorBody(): string {
  return file(
    '# A refusal, as people read it, as GraphQL clients do, and as those of Supabase do: they send their key as apikey.',
    map('"$access|$http_apikey"', '$error_body', {
      '"~^graphql\\|"': `'{"errors":[{"message":"$error_message","extensions":{"code":"$error_code"}}]}'`,
      '"~^[a-z]*\\|."': `'{"code":"$error_code","message":"$error_message","details":null,"hint":null}'`,
      default: `'{"error":{"code":"$error_code","message":"$error_message"}}'`,
    }),
  );
}

/** errors.conf: what nginx and the guard refuse, in every server. Answers of services pass as they are. */
export function errors(): string {
  return file(
    '# Without a type of its own a file name in the path would give one to a refusal.',
    'types { }',
    'default_type application/json;',
    '',
    '# Not named locations: a request whose first line is refused has no path, and nginx finds none for it.',
    refusals.map(({ name, codes }) => `error_page ${codes} = /_strata/errors/${name};`),
    'error_page 401 = @unauthorized;',
    'error_page 403 = @forbidden;',
    'error_page 429 = @too_many_requests;',
    '',
    refusals.map(({ name, status, message }) =>
      block(`location = /_strata/errors/${name}`, 'internal;', refuse(status, name, message)),
    ),
    block('location @unauthorized', 'set $own_refusal 401;', 'include refused.conf;'),
    block('location @forbidden', 'set $own_refusal 403;', 'include refused.conf;'),
    block(
      'location @too_many_requests',
      'set $retry_after 1;',
      'set $error_code too_many_requests;',
      'set $error_message "too many requests of this address: wait for the seconds that Retry-After says";',
      'return 429 $error_body;',
    ),
  );
}

/** refused.conf: what the guard, or nginx itself for operators, does not let in. nginx takes no status from a variable. */
export function refused(): string {
  return file(
    'set $retry_after $guard_retry_after;',
    'set $error_code $refusal_code;',
    'set $error_message $refusal_message;',
    [400, 401, 403, 404, 409, 413, 429].map(
      (status) => `if ($refusal = ${status}) { return ${status} $error_body; }`,
    ),
    'return 503 $error_body;',
  );
}

/** A refusal within an `if` or a location: the lines of its body. */
export function refuse(status: number, code: string, message: string): string[] {
  return [
    `set $error_code ${code};`,
    `set $error_message "${message}";`,
    `return ${status} $error_body;`,
  ];
}
