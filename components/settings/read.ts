import * as pulumi from '@pulumi/pulumi';
import { settingsError, type Problem } from './errors';
import { examine } from './examine';
import type { SettingName, Settings } from './schema';

/** There at run time, but kept out of the SDK's types. */
const { isConfigSecret } = pulumi.runtime as unknown as {
  readonly isConfigSecret: (key: string) => boolean;
};

/** What cannot be deployed of settings; `readable` tells which of them are what was given. */
type Refusals = (settings: Settings, readable: (name: SettingName) => boolean) => Problem[];

/**
 * The settings of the stack that is being deployed: the only place that reads Pulumi's config.
 * `refusals` adds what target and services do not take.
 * Throws `SettingsError` with every problem at once, before any resource is registered.
 */
export function readSettings(refusals: Refusals): Settings {
  const raw = pulumi.runtime.allConfig();
  return parseSettings(raw, Object.keys(raw).filter(isConfigSecret), refusals);
}

/**
 * Reads a config (full key such as `strata:tier` → text, or JSON for a group) without Pulumi. `secretKeys` are those
 * that Pulumi holds as secrets. Throws `SettingsError` with every problem at once, those of `refusals` among them.
 *
 * @example parseSettings({ 'strata:ports': '{"graphql":8080}' }).ports // { database: 15432, graphql: 8080 }
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  secretKeys: readonly string[] = [],
  refusals: Refusals = () => [],
): Settings {
  const { settings, problems: found, readable } = examine(raw, secretKeys);
  const problems = [...found, ...refusals(settings, readable)];
  if (problems.length > 0) throw settingsError(problems);
  return settings;
}
