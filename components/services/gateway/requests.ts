import { refuse } from './errors';
import { block, file, map } from './text';

/**
 * requests.conf: which requests are not understood here. A path has one reading: what nginx decides about is what the
 * service gets, so a path that a service could read otherwise (an encoded slash, dots, doubled slashes, control
 * characters) is refused.
 */
export function requests(): string {
  return file(
    '# A path has one reading, here and in every service.',
    map('$request_uri', '$odd_path', {
      '"~*^[^?]*(?://|[\\x5c#;]|%2f|%5c|%25|%[01][0-9a-f]|%7f)"': '1',
      '"~*^[^?]*/(?:\\.|%2e){1,2}(?:[/?]|$)"': '1',
      default: '""',
    }),
    map('$request_method', '$unknown_method', {
      '"~^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$"': '""',
      default: '1',
    }),
  );
}

/** refusals.conf: the first thing that every site does. */
export function refusals(): string {
  return file(
    block('if ($unknown_method)', refuse(405, 'method_not_allowed', 'not with this method')),
    block(
      'if ($odd_path)',
      refuse(
        400,
        'odd_path',
        'the path can be read in more than one way: send it without encoded or doubled slashes, dots and control characters',
      ),
    ),
    block(
      'if ($preflight = no)',
      refuse(
        403,
        'origin_not_allowed',
        'pages of this origin may not call: strata:gateway.cors.origins names those that may',
      ),
    ),
    'if ($preflight = yes) { return 204; }',
  );
}
