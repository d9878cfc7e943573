import type { Problem } from '../settings/errors';
import type { Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { mostReplicas } from './database/optional';
import { entryNames, entryOf, type EntryName } from './entries';
import { isOn, type OptionalName } from './presets';
import { unserved } from '../tenancy/served';

/** Services of the catalogue that cannot be together, those whose needs are not there, and tenants that none serves. */
export function choiceProblems(settings: Settings): Problem[] {
  const chosen = entryNames.filter((name) => isOn(name, settings));
  return [
    ...chosen.flatMap((name) => missing(name, settings)),
    ...chosen.flatMap((name, index) => clashing(name, chosen.slice(index + 1))),
    ...chosen.flatMap((name) => tooMany(name, settings)),
    ...unservedTenants(settings),
  ];
}

function missing(name: EntryName, settings: Settings): Problem[] {
  const { needs = [] } = entryOf(name);
  return needs
    .filter((choice) => !choice.some((need) => isOn(need, settings)))
    .map((choice) => ({
      key: showKey(['services', name]),
      reason: `needs ${choice.join(' or ')}, which this deployment does not have`,
      advice: `Add ${on(choice[0] ?? name, true)}, or take it out with ${on(name, false)}.`,
    }));
}

function clashing(name: EntryName, others: readonly EntryName[]): Problem[] {
  return others
    .filter((other) => excludes(name, other) || excludes(other, name))
    .map((other) => ({
      key: showKey(['services', other]),
      reason: `cannot be beside ${name}: both do the same`,
      advice: `Take one of them out: ${on(name, false)}, or ${on(other, false)}.`,
    }));
}

function tooMany(name: EntryName, { services }: Settings): Problem[] {
  const most = mostReplicas(name);
  const { replicas = 1 } = services[name] ?? {};
  if (most === undefined || replicas <= most) return [];
  return [
    {
      key: showKey(['services', name, 'replicas']),
      reason: 'is more than Postgres keeps connections for',
      received: String(replicas),
      allowed: `1 to ${String(most)}`,
      advice: 'Give it more memory instead ("resources"): one replica serves many callers.',
    },
  ];
}

/** APIs that look into the tables that tenants share, where none serves tenants with tables of their own. */
export function sharedTablesOnly(settings: Pick<Settings, 'preset' | 'services'>): EntryName[] {
  if (isOn('graphql', settings)) return [];
  return entryNames.filter((name) => isOn(name, settings) && entryOf(name).sharedTablesOnly);
}

function unservedTenants(settings: Settings): Problem[] {
  const { tenants, model: usual } = settings.tenancy;
  const apis = sharedTablesOnly(settings);
  return Object.entries(tenants).flatMap(([slug, { shard, model = usual }]) => {
    const problem = unserved(apis, { model, shard });
    return problem ? [{ key: showKey(['tenancy', 'tenants', slug]), ...problem }] : [];
  });
}

function excludes(name: EntryName, other: OptionalName): boolean {
  return entryOf(name).excludes?.includes(other) ?? false;
}

function on(name: OptionalName, enabled: boolean): string {
  return `"${showKey(['services', name, 'enabled'])}: ${String(enabled)}"`;
}
