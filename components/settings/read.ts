import * as pulumi from '@pulumi/pulumi';
import { root } from '../../engine/root';
import { settingsError, type Problem } from './errors';
import { examine } from './examine';
import { missingFiles } from './folders';
import type { SettingName, Settings } from './schema';

/** There at run time, but kept out of the SDK's types. */
const { isConfigSecret } = pulumi.runtime as unknown as {
  readonly isConfigSecret: (key: string) => boolean;
};

/** What `refusals` judges: of a default in the place of what cannot be read it would say what is not so. */
const judged: readonly SettingName[] = ['target', 'services', 'customServices'];

/**
 * The settings of the stack that is being deployed: the only place that reads Pulumi's config.
 * `refusals` adds what target and services do not take; it is asked only when it can judge what was given.
 * Throws `SettingsError` with every problem at once, before any resource is registered.
 */
export function readSettings(refusals: (settings: Settings) => Problem[]): Settings {
  const raw = pulumi.runtime.allConfig();
  const examined = examine(raw, Object.keys(raw).filter(isConfigSecret));
  const problems = [
    ...examined.problems,
    ...missingFiles(examined, root),
    ...(judged.every(examined.readable) ? refusals(examined.settings) : []),
  ];
  if (problems.length > 0) throw settingsError(problems);
  return examined.settings;
}

/**
 * Reads a config (full key such as `strata:tier` → text, or JSON for a group) without Pulumi and without looking at
 * files. `secretKeys` are those that Pulumi holds as secrets. Throws `SettingsError` with every problem at once.
 *
 * @example parseSettings({ 'strata:ports': '{"graphql":8080}' }).ports // { database: 15432, graphql: 8080 }
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  secretKeys: readonly string[] = [],
): Settings {
  const { settings, problems } = examine(raw, secretKeys);
  if (problems.length > 0) throw settingsError(problems);
  return settings;
}
