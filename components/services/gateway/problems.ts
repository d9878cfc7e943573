import type { Problem } from '../../settings/errors';
import { showKey, showText } from '../../settings/show';
import type { Route } from '../route';
import type { Service } from '../service';
import { withAliases } from './aliases';
import { servedRoutes, type GatewayInput, type Served } from './input';
import { ownPortProblems } from './own-ports';
import { certificateNames, guardOf } from './servers';

const mostNames = 100;

/** Everything that keeps the gateway from being rendered: of the services' routes, and of them with the settings. */
export function gatewayProblems(input: GatewayInput, services: readonly Service[]): Problem[] {
  return [
    ...routeProblems(services),
    ...unguarded(services),
    ...takenHosts(input, services),
    ...takenPaths(input, services),
    ...tooManyNames(input, services),
    ...ownPortProblems(input, services),
  ];
}

/** Routes that nginx could not serve as they are meant, and two services that claim one route. */
export function routeProblems(services: readonly Service[]): Problem[] {
  const served = servedRoutes(services);
  return [...served.flatMap(invalid), ...claimedTwice(served)];
}

/** Routes that somebody else, or the same service, has already. */
function claimedTwice(served: readonly Served[]): Problem[] {
  const owners = new Map<string, string>();
  return served.flatMap(({ service, route }) => {
    const claim = shown(route);
    const first = owners.get(claim);
    owners.set(claim, first ?? service);
    if (first === undefined) return [];
    return [
      {
        key: `service ${service}`,
        reason: `claims the route ${claim}, which service ${first} claims too`,
        advice: 'Give one of the two another path or subdomain.',
      },
    ];
  });
}

function shown({ path, subdomain }: Route): string {
  return subdomain === undefined ? path : `${path} of subdomain ${subdomain}`;
}

// Of what begins with a dot, services have .well-known alone.
const segment = '(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\\.well-known)';
const pathPattern = new RegExp(`^/(?:${segment}/)*(?:${segment})?$`);
const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const own = /^\/(?:t|_strata|\.well-known\/acme-challenge)(?:\/|$)/;

/** Each of these would stand in the configuration as something else, or would be no fence any more. */
function invalid({ service, port, route }: Served): Problem[] {
  const { path, upstreamPath, upstreamHost, subdomain, maxBody } = route;
  const { cacheSeconds, timeoutSeconds, access } = route;
  const wrong = [
    !/^[a-z][a-z0-9-]{0,62}$/.test(service) && ['its name', 'a lower-case name'],
    !Number.isInteger(port) && ['its port', 'a whole number'],
    (!pathPattern.test(path) || path.length > 256) && [
      'its path',
      'a path of letters, digits and . _ ~ -',
    ],
    own.test(path) && ['its path', 'a path that the gateway does not use itself'],
    upstreamPath !== undefined &&
      (!pathPattern.test(upstreamPath) ||
        upstreamPath.length > 256 ||
        (path.endsWith('/') && !upstreamPath.endsWith('/'))) && [
        'its upstream path',
        'a path of letters, digits and . _ ~ -, with / at its end where the path has one',
      ],
    upstreamHost !== undefined &&
      !labelPattern.test(upstreamHost) && ['its upstream host', 'one lower-case label'],
    subdomain !== undefined &&
      (!labelPattern.test(subdomain) || subdomain === 'api') && [
        'its subdomain',
        'one lower-case label, not api',
      ],
    maxBody !== undefined && !/^[1-9]\d{0,5}[KMG]?$/.test(maxBody) && ['its body limit', '50M'],
    !duration(cacheSeconds) && ['its time in the cache', 'a whole number of seconds'],
    !duration(timeoutSeconds) && ['its time limit', 'a whole number of seconds'],
    cacheSeconds !== undefined &&
      (access === 'graphql' || access === 'operator' || route.websocket === true) && [
        'its time in the cache',
        'none: whose answers these are is not known to the gateway',
      ],
  ];
  return wrong.flatMap((found) => {
    if (found === false) return [];
    const [what = '', allowed] = found;
    return [
      {
        key: `service ${service}`,
        reason: `has a route that the gateway cannot serve: ${what}`,
        received: showText(shown(route)),
        allowed,
      },
    ];
  });
}

function duration(seconds: number | undefined): boolean {
  return seconds === undefined || (Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400);
}

/** Routes that need a token, without the guard that reads it. */
function unguarded(services: readonly Service[]): Problem[] {
  if (guardOf(services) !== undefined) return [];
  return servedRoutes(services)
    .filter(({ route: { access } }) => access === 'token' || access === 'graphql')
    .map(({ service, route }) => ({
      key: `service ${service}`,
      reason: `has the route ${shown(route)}, which needs a token, but there is no guard to read it`,
      advice: 'Deploy the guard too.',
    }));
}

/** A service at the host of a tenant would get its requests, and cookies. */
function takenHosts({ tenants = [] }: GatewayInput, services: readonly Service[]): Problem[] {
  return servedRoutes(services)
    .filter(({ route: { subdomain = '' } }) => tenants.includes(subdomain))
    .map(({ service, route }) => ({
      key: `service ${service}`,
      reason: `takes the host of the tenant ${route.subdomain ?? ''}`,
      advice: 'Give the service another subdomain.',
    }));
}

/** Folders at the path of a route, or at one by which clients of other platforms ask for it. */
function takenPaths({ gateway }: GatewayInput, services: readonly Service[]): Problem[] {
  const routes = servedRoutes(services).filter(({ route }) => route.subdomain === undefined);
  const { added, notDeployed } = withAliases(routes);
  const taken = [
    ...[...routes, ...added].map(({ service, route: { path } }) => [path, service] as const),
    ...notDeployed.map(({ path, called }) => [path, called] as const),
  ];
  return taken
    .filter(([path]) => Object.hasOwn(gateway.static, path))
    .map(([path, service]) => ({
      key: showKey(['gateway', 'static', path]),
      reason: `is a path that service ${service} has`,
      advice: 'Give the folder another path.',
    }));
}

function tooManyNames(input: GatewayInput, services: readonly Service[]): Problem[] {
  const names = certificateNames(input, services);
  if (input.gateway.tls.mode !== 'acme' || names.length <= mostNames) return [];
  return [
    {
      key: showKey(['gateway', 'tls', 'names']),
      reason: 'makes more names than one certificate of ACME holds, with those of the subdomains',
      received: `${names.length} names`,
      allowed: `${mostNames} names`,
    },
  ];
}
