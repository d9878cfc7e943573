import type { Served } from './input';

/** A path that clients of other platforms know, and the route that answers there. */
interface Alias {
  readonly path: string;
  readonly of: string;
  /** What a refusal calls it when no service has the route; an alias without a word does not exist then. */
  readonly called?: string;
}

/** Rows A30 and C1: one API host for the clients of nself, of NextMavens and of Supabase. */
const aliases: readonly Alias[] = [
  { path: '/v1/graphql', of: '/graphql', called: 'GraphQL' },
  { path: '/v1/auth/', of: '/auth/', called: 'auth' },
  { path: '/v1/storage/', of: '/storage/', called: 'storage' },
  { path: '/v1/functions/', of: '/functions/', called: 'functions' },
  { path: '/graphql', of: '/graphql', called: 'GraphQL' },
  { path: '/api/auth/', of: '/auth/', called: 'auth' },
  { path: '/realtime/v1/', of: '/realtime/', called: 'realtime' },
  // Clients of Supabase.
  { path: '/auth/v1/', of: '/auth/' },
  { path: '/rest/v1/', of: '/rest/' },
  { path: '/storage/v1/', of: '/storage/' },
  { path: '/functions/v1/', of: '/functions/' },
  { path: '/storage/', of: '/storage/', called: 'storage' },
  // Every table is a path of its own: `/todos` is `/rest/todos`.
  { path: '/', of: '/rest/' },
];

/** A path that some clients use although no service has it. */
export interface NotDeployed {
  readonly path: string;
  readonly called: string;
}

/**
 * The routes that aliases add to those of the API, and the paths that stay without a service. The gateway serves them,
 * and the guard knows by them what a scope must open.
 */
export function withAliases(served: readonly Served[]): {
  readonly added: readonly Served[];
  readonly notDeployed: readonly NotDeployed[];
} {
  const routes = served.filter(({ route }) => route.subdomain === undefined);
  const taken = new Set(routes.map(({ route }) => route.path));
  const free = aliases.filter(({ path }) => !taken.has(path));
  const found = free.map((alias) => ({ alias, targets: targetsOf(alias, routes) }));
  return {
    added: found.flatMap(({ alias, targets }) =>
      targets
        .map((target) => ({ ...target, route: { ...target.route, path: renamed(target, alias) } }))
        .filter(({ route }) => !taken.has(route.path)),
    ),
    notDeployed: found.flatMap(({ alias: { path, called }, targets }) =>
      targets.length > 0 || called === undefined ? [] : [{ path, called }],
    ),
  };
}

/** The route itself, and those below it: they may have another access. */
function targetsOf({ of }: Alias, routes: readonly Served[]): Served[] {
  const [own] = routes.filter(({ route }) => route.path === of);
  if (!own) return [];
  const below = routes.filter(({ route }) => of.endsWith('/') && route.path.startsWith(of));
  return [own, ...below.filter((other) => other !== own)];
}

function renamed({ route }: Served, { path, of }: Alias): string {
  return `${path}${route.path.slice(of.length)}`;
}
