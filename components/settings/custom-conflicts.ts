import type { CustomService } from './custom';
import type { Problem } from './errors';
import { oneOf, showKey, showText } from './show';

type Given = Readonly<Record<string, CustomService>>;

/** What custom services are looked at beside. */
export interface Surroundings {
  /** Slugs of the tenants: each is a subdomain already. */
  readonly tenants: readonly string[];
  /** Services that may be needed, besides the custom ones. */
  readonly others: readonly string[];
  /** Names in `strata:secrets`. */
  readonly secrets: readonly string[];
}

/**
 * What no custom service shows alone: two that publish one port of the host, a subdomain that is a tenant's, and names
 * of services and secrets that are not there. Routes that clash are the gateway's to find.
 */
export function customConflicts(services: Given, around: Surroundings): Problem[] {
  return [
    ...publishedTwice(services),
    ...Object.entries(services).flatMap(([name, given]) => [
      ...subdomain(name, given, around.tenants),
      ...unknownNeeds(name, given, [...around.others, ...Object.keys(services)]),
      ...unknownSecrets(name, given, around.secrets),
    ]),
  ];
}

function publishedTwice(services: Given): Problem[] {
  const owners = new Map<number, string>();
  return Object.entries(services).flatMap(([name, { publish }]) => {
    if (publish === undefined) return [];
    const key = showKey(['customServices', name, 'publish']);
    const owner = owners.get(publish);
    owners.set(publish, owner ?? key);
    if (owner === undefined) return [];
    const advice = 'Give each a port of its own.';
    return [{ key, reason: `is the port of ${owner} too`, received: String(publish), advice }];
  });
}

function subdomain(name: string, { route }: CustomService, tenants: readonly string[]): Problem[] {
  if (route?.subdomain === undefined || !tenants.includes(route.subdomain)) return [];
  return [
    {
      key: showKey(['customServices', name, 'route', 'subdomain']),
      reason: 'is the subdomain of a tenant',
      received: showText(route.subdomain),
      advice: 'Choose another one; each tenant is served at <slug>.<domain>.',
    },
  ];
}

function unknownNeeds(name: string, { needs }: CustomService, known: readonly string[]): Problem[] {
  return needs.flatMap((need, index): Problem[] => {
    const key = showKey(['customServices', name, 'needs', index]);
    if (need === name) return [{ key, reason: 'is the service itself', advice: 'Take it out.' }];
    if (known.includes(need)) return [];
    const reason = 'names a service that this deployment does not have';
    return [
      { key, reason, received: showText(need), allowed: oneOf(known.filter((n) => n !== name)) },
    ];
  });
}

function unknownSecrets(
  name: string,
  { secrets }: CustomService,
  known: readonly string[],
): Problem[] {
  return Object.entries(secrets).flatMap(([variable, secret]) => {
    if (known.includes(secret)) return [];
    return [
      {
        key: showKey(['customServices', name, 'secrets', variable]),
        reason: 'names a secret that is not set',
        received: showText(secret),
        advice: `Set it: npm run pulumi -- config set --secret --path strata:secrets.${secret}`,
      },
    ];
  });
}
