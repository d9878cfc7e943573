import type { NotDeployed } from './aliases';
import { keeps } from './cache';
import { refuse } from './errors';
import { socketSeconds } from './idle';
import type { Served } from './input';
import type { Route } from '../route';
import { block, literally, type Line } from './text';

/** How often the guard says something over each socket of its own (GraphQL). */
export const socketPingSeconds = 30;

/**
 * Larger bodies are not collected before they are sent on: they would fill the gateway's memory. Smaller ones are, so that
 * no service waits for a slow client.
 */
const collectedBytes = 2 ** 20;

/** Queries up to this size are held in memory and never written to a file. */
const heldBytes = 128 * 2 ** 10;

/**
 * The location of a route; `guard` is where the guard listens, such as `guard:8000`, and `graphqlBytes` the size of a body
 * that it reads.
 */
export function location(served: Served, guard: string, graphqlBytes: number): Line {
  const { service, port, route } = served;
  const { access } = route;
  const answering = access === 'graphql' ? guard : `${service}:${port}`;
  return [
    `# ${service}`,
    block(
      head(route.path),
      `set $access ${access};`,
      `set $upstream ${answering};`,
      // The log knows the guard's address alone of GraphQL, and after a refusal none.
      `set $served_by ${service};`,
      route.passLogin === true && 'set $passed_login $http_authorization;',
      route.upstreamHost !== undefined && `set $own_host ${route.upstreamHost};`,
      route.ofUsers === true && 'set $of_users yes;',
      route.websocket === true && sockets(),
      rewrite(served),
      '',
      `include ${route.strict ? 'limit-strict' : 'limit'}.conf;`,
      'include proxy.conf;',
      `include access-${access}.conf;`,
      compressed(served) && 'gzip on;',
      bodies(access === 'graphql' ? String(graphqlBytes) : (route.maxBody ?? '1M')),
      times(silence(route)),
      access === 'graphql' && `client_body_buffer_size ${Math.min(graphqlBytes, heldBytes)};`,
      (access === 'graphql' || route.websocket === true) && 'proxy_buffering off;',
      keeps(route),
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
function rewrite({ asked, route: { path, withoutQuery } }: Served): string {
  // nginx adds the query unless a question mark stands at the end.
  const end = withoutQuery ? '?' : '';
  return path.endsWith('/')
    ? `rewrite "^(?s)${literally(path)}(.*)$" "${asked}$1${end}" break;`
    : `rewrite "^" "${asked}${end}" break;`;
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
    bytes(most) > collectedBytes && ['proxy_request_buffering off;', 'client_body_timeout 30s;'],
  ];
}

/** How long a service may say nothing. The guard's sockets are silent for one ping at most; another is waited for. */
function silence({ access, websocket, timeoutSeconds }: Route): number {
  const usual = websocket && access !== 'graphql' ? socketSeconds : 30;
  const seconds = timeoutSeconds ?? usual;
  return websocket && access === 'graphql' ? Math.max(seconds, 2 * socketPingSeconds + 5) : seconds;
}

function times(seconds: number): Line {
  return [`proxy_read_timeout ${seconds}s;`, `proxy_send_timeout ${seconds}s;`];
}

/** Of `50M`, as nginx counts. */
function bytes(size: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[size.at(-1) ?? ''] ?? 1;
  return Number.parseInt(size, 10) * unit;
}
