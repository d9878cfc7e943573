import type { z } from 'zod';
import type { RoleName } from './names';

/** What a contradiction says of itself, for `explain`. */
export interface Contradiction {
  readonly reason: string;
  readonly advice: string;
}

/** Refuses a member of what is refined, with the words for it. */
export function contradict(
  context: z.core.$RefinementCtx,
  path: readonly PropertyKey[],
  contradiction: Contradiction,
): void {
  context.addIssue({ code: 'custom', path: [...path], params: { ...contradiction } });
}

/** A tenant without an admin could be managed by nobody. */
export function oneAdmin(
  members: Readonly<Record<string, RoleName>>,
  context: z.core.$RefinementCtx,
): void {
  if (Object.values(members).includes('admin')) return;
  contradict(context, [], {
    reason: 'names no admin, so nobody could manage the tenant',
    advice: 'Add one, such as "ann: admin".',
  });
}

/** The members of a custom service that decide about each other. */
interface Parts {
  readonly image?: unknown;
  readonly build?: unknown;
  readonly command?: unknown;
  readonly port?: number | undefined;
  readonly publish?: number | undefined;
  readonly route?: { readonly path?: unknown; readonly subdomain?: unknown } | undefined;
  readonly health?: string | undefined;
  readonly healthCommand?: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly database: boolean;
  readonly redis: boolean;
  readonly verifiesTokens: boolean;
  readonly replicas: number;
  readonly job: boolean;
}

type Member = readonly string[];

/** What a custom service says that cannot be so, whatever it runs on. */
export function consistent(service: Parts, context: z.core.$RefinementCtx): void {
  const found: [Member, Contradiction][] = [
    ...program(service),
    ...withoutPort(service),
    ...asJob(service),
    ...variables(service),
  ];
  for (const [member, contradiction] of found) contradict(context, member, contradiction);
}

function program({ image, build, command }: Parts): [Member, Contradiction][] {
  if (image !== undefined && build !== undefined) {
    const reason = 'is given beside "image", and only one of the two can be run';
    return [[['build'], { reason, advice: 'Take one of the two out.' }]];
  }
  if (image !== undefined || build !== undefined || command !== undefined) return [];
  const advice = 'Give "image", "build" or, without containers, "command".';
  return [[[], { reason: 'names nothing that could run', advice }]];
}

/** A path to ask, a route and a published port all lead to the port. */
function withoutPort(service: Parts): [Member, Contradiction][] {
  const { port, health, healthCommand, publish, route, replicas, job } = service;
  const advice = (member: string) => `Give it a port, or take "${member}" out.`;
  const found: [Member, Contradiction][] = [];
  if (port === undefined && !job) {
    if (health !== undefined) {
      const reason = 'is a path to ask, but the service has no port';
      found.push([['health'], { reason, advice: advice('health') }]);
    }
    if (publish !== undefined) {
      const reason = 'leads to the port of the service, which has none';
      found.push([['publish'], { reason, advice: advice('publish') }]);
    }
    if (route !== undefined) {
      const reason = 'leads to the port of the service, which has none';
      found.push([['route'], { reason, advice: advice('route') }]);
    }
  }
  if (route !== undefined && route.path === undefined && route.subdomain === undefined) {
    const reason = 'says neither under which path nor under which subdomain';
    found.push([['route'], { reason, advice: 'Give "path", "subdomain" or both.' }]);
  }
  if (health !== undefined && healthCommand !== undefined) {
    const reason = 'is given beside "health", and only one of the two is asked';
    found.push([['healthCommand'], { reason, advice: 'Take one of the two out.' }]);
  }
  if (publish !== undefined && replicas > 1) {
    const reason = 'is one port of the host, which cannot lead to several replicas';
    found.push([['publish'], { reason, advice: 'Give it a route, or one replica.' }]);
  }
  return found;
}

/** A job runs once, to its end, and nobody calls it. */
function asJob(service: Parts): [Member, Contradiction][] {
  if (!service.job) return [];
  const listens = 'is given, but a job runs to its end and listens on no port';
  const found = (['port', 'publish', 'route', 'health', 'healthCommand'] as const)
    .filter((member) => service[member] !== undefined)
    .map((member): [Member, Contradiction] => [
      [member],
      { reason: listens, advice: `Take "${member}" or "job" out.` },
    ]);
  if (service.replicas > 1) {
    const reason = 'is more than 1, but a job runs once';
    found.push([['replicas'], { reason, advice: 'Take "replicas" or "job" out.' }]);
  }
  return found;
}

/** A variable that two members set would have the value of one of them, and nobody could say which. */
function variables(service: Parts): [Member, Contradiction][] {
  const { env, secrets, port, database, redis, verifiesTokens } = service;
  const own = new Map<string, string>([
    ...(port === undefined ? [] : [['PORT', 'port'] as const]),
    ...(database ? [['DATABASE_URL_FILE', 'database'] as const] : []),
    ...(redis ? [['REDIS_URL_FILE', 'redis'] as const] : []),
    ...(verifiesTokens
      ? ['JWT_KEY_FILE', 'JWT_ISSUER', 'JWT_AUDIENCE'].map((n) => [n, 'verifiesTokens'] as const)
      : []),
  ]);
  const advice = 'Take one of the two out.';
  const taken = Object.keys(secrets).flatMap((name): [Member, Contradiction][] => {
    const owner = own.get(`${name}_FILE`);
    if (owner === undefined) return [];
    return [[['secrets', name], { reason: `is set by "${owner}" already`, advice }]];
  });
  for (const name of Object.keys(secrets)) own.set(`${name}_FILE`, `secrets.${name}`);
  return [
    ...taken,
    ...Object.keys(env).flatMap((name): [Member, Contradiction][] => {
      const owner = own.get(name);
      if (owner === undefined) return [];
      return [[['env', name], { reason: `is set by "${owner}" already`, advice }]];
    }),
  ];
}
