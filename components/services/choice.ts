import type { Problem } from '../settings/errors';
import type { Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { entryNames, entryOf, type EntryName } from './entries';
import { isOn, type OptionalName } from './presets';
import { isAmongAll, mainShard } from '../tenancy/places';

/** Services of the catalogue that cannot be together, those whose needs are not there, and tenants that none serves. */
export function choiceProblems(settings: Settings): Problem[] {
  const chosen = entryNames.filter((name) => isOn(name, settings));
  return [
    ...chosen.flatMap((name) => missing(name, settings)),
    ...chosen.flatMap((name, index) => clashing(name, chosen.slice(index + 1))),
    ...unserved(chosen, settings),
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

/** Tenants with tables of their own, where every API looks into those that are shared. */
function unserved(chosen: readonly EntryName[], { tenancy }: Settings): Problem[] {
  const apis = chosen.filter((name) => entryOf(name).sharedTablesOnly);
  if (apis.length === 0 || chosen.includes('graphql')) return [];
  return Object.entries(tenancy.tenants).flatMap(([slug, tenant]) => {
    const { shard, model = tenancy.model } = tenant;
    if (isAmongAll({ model, shard })) return [];
    return [
      {
        key: showKey(['tenancy', 'tenants', slug]),
        reason: `is a tenant whose tables ${apis.join(' and ')} cannot serve`,
        received: `model ${model} on shard ${shard}`,
        allowed: `model shared on shard ${mainShard}`,
        advice: `Add ${on('graphql', true)}, which serves every model, or give the tenant that place.`,
      },
    ];
  });
}

function excludes(name: EntryName, other: OptionalName): boolean {
  return entryOf(name).excludes?.includes(other) ?? false;
}

function on(name: OptionalName, enabled: boolean): string {
  return `"${showKey(['services', name, 'enabled'])}: ${String(enabled)}"`;
}
