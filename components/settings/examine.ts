import { conflicts } from './conflicts';
import { notBuilt } from './built';
import { decode, settingNames } from './decode';
import type { Problem } from './errors';
import { explain, unknownKey } from './explain';
import { settingsSchema, type SettingName, type Settings } from './schema';

/** What a config says: the settings, and what is wrong with them. */
export interface Examined {
  /** Complete; a setting that could not be read has its default here. */
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
  const good: Partial<Record<SettingName, unknown>> = {};
  for (const [name, value] of values) {
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
  const settings = settingsSchema.parse(good);
  const readable = (name: SettingName) => !wrong.has(name);
  problems.push(...conflicts(settings, readable), ...notBuilt(settings, readable));
  return { settings, problems: distinct(problems), readable };
}

/** A value that breaks one rule in two ways is one problem. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ key, reason, allowed }) => {
    const what = JSON.stringify([key, allowed ?? reason]);
    return !seen.has(what) && seen.add(what);
  });
}
