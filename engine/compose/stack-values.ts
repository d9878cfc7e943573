import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { UserError } from '../errors';

const secretsKey = 'strata:secrets';

/**
 * The config of a stack as Pulumi would hand it over (full key → text, or JSON for a group), read from the files alone.
 * Encrypted values cannot be read without Pulumi: `secrets` stands in their place.
 */
export function stackValues(
  root: string,
  stack: string,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const file = path.join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) {
    throw new UserError(`There is no stack "${stack}" here: ${path.basename(file)} is missing.`);
  }
  const own = configOf(file);
  const all = { ...defaults(path.join(root, 'Pulumi.yaml')), ...own, [secretsKey]: secrets };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** Pulumi.yaml describes each key; its value stands there as `default` or as `value`. */
function defaults(file: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configOf(file)).flatMap(([key, described]) => {
      const { value, default: usual = value } = described as { value?: unknown; default?: unknown };
      return usual === undefined ? [] : [[key, usual]];
    }),
  );
}

function configOf(file: string): Record<string, unknown> {
  try {
    const { config = {} } = (parse(readFileSync(file, 'utf8')) ?? {}) as {
      config?: Record<string, unknown>;
    };
    return config;
  } catch (error) {
    throw new UserError(`${path.basename(file)} cannot be read: ${(error as Error).message}`);
  }
}
