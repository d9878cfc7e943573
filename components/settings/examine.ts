import { optionsOf } from '../services/presets';
import { notBuilt } from './built';
import { conflicts } from './conflicts';
import { decode, settingNames } from './decode';
import type { Problem } from './errors';
import { explain, unknownKey } from './explain';
import { settingsSchema, type SettingName, type Settings } from './schema';

/** What a config says: the settings, and what is wrong with them. */
export interface Examined {
  /** Complete; a setting that could not be read has its default here, the preset's first. */
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  /** False when what was given for the setting cannot be read; true also when nothing was. */
  readonly readable: (name: SettingName) => boolean;
}

/**
 * Reads a whole config (full key such as `strata:tier` → text or JSON) and returns every problem with it.
 * `secretKeys` are those that Pulumi holds as secrets.
 */
export function examine(
  raw: Readonly<Record<string, string>>,
  secretKeys: readonly string[] = [],
): Examined {
  const { values, unknown, broken } = decode(raw, secretKeys);
  const problems: Problem[] = [
    ...unknown.map((name) => unknownKey([name], settingNames)),
    ...broken.values(),
  ];
  const wrong = new Set<SettingName>(broken.keys());
  const options: Partial<Record<SettingName, unknown>> = optionsOf(values.get('preset'));
  const good: Partial<Record<SettingName, unknown>> = {};
  for (const [name, given] of values) {
    const value = over(options[name], given);
    const outcome = settingsSchema.shape[name].safeParse(value);
    if (outcome.success) {
      good[name] = value;
      continue;
    }
    wrong.add(name);
    const root = { [name]: value };
    problems.push(
      ...outcome.error.issues.flatMap((issue) =>
        explain({ ...issue, path: [name, ...issue.path] }, root),
      ),
    );
  }
  const settings = settingsSchema.parse({ ...options, ...good });
  const readable = (name: SettingName) => !wrong.has(name);
  problems.push(...conflicts(settings, readable), ...notBuilt(settings, readable));
  return { settings, problems: distinct(problems), readable };
}

/** What is given over what a preset says: groups member by member, everything else as a whole. */
function over(option: unknown, given: unknown): unknown {
  if (!isGroup(option) || !isGroup(given)) return given;
  const members = Object.entries(given).map(([name, value]) => [name, over(option[name], value)]);
  return { ...option, ...Object.fromEntries(members) };
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that breaks one rule in two ways is one problem. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ key, reason, allowed }) => {
    const what = JSON.stringify([key, allowed ?? reason]);
    return !seen.has(what) && seen.add(what);
  });
}
