import { file, map } from './text';

/** guard.conf: what becomes of the guard's answer. Whatever is not a plain "yes" or a known "no" is a "not now". */
export function guard(): string {
  return file(
    '# A service is reached only when the guard has said with which token.',
    map('$guard_authorization', '$admitted', {
      '"~^Bearer [A-Za-z0-9_.-]+$"': '$upstream',
      default: '""',
    }),
    '# The status that a refused client gets: the guard names it; a refusal of nginx itself keeps its own.',
    map('$guard_status', '$refusal', {
      '"~^(?:400|401|403|404|409|413|429)$"': '$guard_status',
      '""': '$own_refusal',
      default: '503',
    }),
    map('$guard_reason', '$refusal_code', {
      '"~^[a-z][a-z0-9_]{0,39}$"': '$guard_reason',
      default: '$plain_code',
    }),
    map('$refusal', '$plain_code', {
      '401': 'unauthorized',
      '403': 'forbidden',
      '404': 'not_found',
      '409': 'conflict',
      '429': 'too_many_requests',
      '400': 'bad_request',
      '413': 'body_too_large',
      default: 'unavailable',
    }),
    map('$refusal', '$refusal_message', {
      '401': '"a valid access token or API key is required"',
      '403': '"this is not allowed"',
      '404': '"there is nothing here"',
      '409': '"this service does not reach where the rows of this tenant are"',
      '429': '"too many requests: wait for the seconds that Retry-After says"',
      '400': '"the request cannot be understood"',
      '413': '"the request is too large"',
      default: '"the platform cannot answer now: try again"',
    }),
    map('"$guard_status|$guard_challenge"', '$challenge', {
      '"401|"': 'Bearer',
      default: '""',
    }),
  );
}
