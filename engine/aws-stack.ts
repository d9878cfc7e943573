import { refusals } from '../components/refusals';
import { parseSettings } from '../components/settings/read';
import type { Settings, TierName } from '../components/settings/schema';
import { stackValues } from './compose/stack-values';
import { UserError } from './errors';
import { root } from './root';
import { StackServices } from './stack-services';

/** A stack on AWS as its files say. */
export interface AwsStack {
  readonly settings: Settings;
  /** What the settings were read from, as Pulumi would hand it over. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads a stack on AWS without Pulumi: encrypted values are not opened, their names are enough.
 * `tier` takes the place of the config's. Throws when the stack is for another target.
 */
export function awsStack(stack: string, tier?: TierName): AwsStack {
  const names = Object.keys(StackServices.read(stack).setting('secrets') ?? {});
  const secrets = Object.fromEntries(names.map((name) => [name, 'not known here']));
  const values = {
    ...stackValues(root, stack, secrets),
    ...(tier !== undefined && { 'strata:tier': tier }),
  };
  const settings = parseSettings(values, ['strata:secrets'], refusals);
  if (settings.target === 'aws') return { settings, values };
  throw new UserError(
    `Stack "${stack}" is for target ${settings.target}; this command knows target aws only.`,
  );
}
