import type { NotDeployed } from './aliases';
import { refuse } from './errors';
import type { Served } from './input';
import { block, literally, type Line } from './text';

/** A web socket may be silent for so long. */
const socketSeconds = 3600;

/** Larger bodies are not collected before they are sent on: they would fill the gateway's memory. */
const collectedBytes = 8 * 2 ** 20;

/** The location of a route; `guard` is where the guard listens, such as `guard:8000`. */
export function location(served: Served, guard: string): Line {
  const { service, port, route } = served;
  const { access } = route;
  const answering = access === 'graphql' ? guard : `${service}:${port}`;
  return [
    `# ${service}`,
    block(
      head(route.path),
      `set $access ${access};`,
      `set $upstream ${answering};`,
      route.websocket === true && sockets(),
      rewrite(route.path, served.asked),
      '',
      `include ${route.strict ? 'limit-strict' : 'limit'}.conf;`,
      'include proxy.conf;',
      `include access-${access}.conf;`,
      compressed(served) && 'gzip on;',
      bodies(route.maxBody ?? '1M'),
      times(route.timeoutSeconds ?? (route.websocket ? socketSeconds : 30)),
      (access === 'graphql' || route.websocket === true) && 'proxy_buffering off;',
      route.cacheSeconds !== undefined && [
        'include cached.conf;',
        `proxy_cache_valid 200 ${route.cacheSeconds}s;`,
      ],
      `proxy_pass http://${access === 'token' ? '$admitted' : '$upstream'};`,
    ),
  ];
}

/** The location of a path that clients know and no service answers. */
export function notDeployed({ path, called }: NotDeployed): Line {
  return block(
    head(path),
    called === 'GraphQL' && 'set $access graphql;',
    refuse(404, 'not_deployed', `${called} is not deployed on this platform`),
  );
}

function head(path: string): string {
  return path.endsWith('/') ? `location ${path}` : `location = ${path}`;
}

function sockets(): Line {
  return [
    'set $sockets yes;',
    block(
      'if ($foreign_socket)',
      refuse(403, 'origin_not_allowed', 'pages of this origin may not open a web socket here'),
    ),
  ];
}

/** Always a rewrite: the service gets the path as nginx has understood it, not as the client wrote it. */
function rewrite(path: string, asked: string): string {
  return path.endsWith('/')
    ? `rewrite "^(?s)${literally(path)}(.*)$" "${asked}$1" break;`
    : `rewrite "^" "${asked}" break;`;
}

/**
 * Compression tells how much of an answer equals what the request said (BREACH). Where the token comes in a header, no
 * foreign page can make a browser ask, so nobody learns anything; where cookies count, or the answer is a token, it can.
 */
function compressed({ route: { access, strict } }: Served): boolean {
  return (access === 'token' || access === 'graphql') && strict !== true;
}

function bodies(most: string): Line {
  return [
    `client_max_body_size ${most};`,
    bytes(most) > collectedBytes && 'proxy_request_buffering off;',
  ];
}

function times(seconds: number): Line {
  return [`proxy_read_timeout ${seconds}s;`, `proxy_send_timeout ${seconds}s;`];
}

/** Of `50M`, as nginx counts. */
function bytes(size: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[size.at(-1) ?? ''] ?? 1;
  return Number.parseInt(size, 10) * unit;
}
