import type { Problem } from '../settings/errors';
import type { Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { entryNames, entryOf, type EntryName } from './entries';
import { isOn, type OptionalName } from './presets';

/** Services of the catalogue that cannot be together, and those whose needs are not there. */
export function choiceProblems(settings: Settings): Problem[] {
  const chosen = entryNames.filter((name) => isOn(name, settings));
  return [
    ...chosen.flatMap((name) => missing(name, settings)),
    ...chosen.flatMap((name, index) => clashing(name, chosen.slice(index + 1))),
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

function excludes(name: EntryName, other: OptionalName): boolean {
  return entryOf(name).excludes?.includes(other) ?? false;
}

function on(name: OptionalName, enabled: boolean): string {
  return `"${showKey(['services', name, 'enabled'])}: ${String(enabled)}"`;
}
