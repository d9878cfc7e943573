import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { noTables } from '../../components/plan';
import { refusals } from '../../components/refusals';
import { parse } from 'yaml';
import { deployed } from '../../components/services/catalogue';
import { builtServices } from '../../components/settings/built';
import { settingsJsonSchema } from '../../components/settings/json-schema';
import { parseSettings } from '../../components/settings/read';
import { root } from '../../engine/root';

interface StackFile {
  config: Record<string, unknown>;
}

function read(name: string): string {
  return readFileSync(path.join(root, name), 'utf8');
}

function stack(name: string): StackFile {
  return parse(read(`Pulumi.${name}.yaml`)) as StackFile;
}

/** A config as Pulumi hands it over. */
function raw(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

const validate = new Ajv({ strict: true, allErrors: true, formats: { email: true } }).compile(
  settingsJsonSchema(),
);

describe('Pulumi.yaml', () => {
  const { config } = parse(read('Pulumi.yaml')) as {
    config: Record<string, { default?: unknown; value?: unknown }>;
  };

  test('has the default of every setting, and no other', () => {
    const defaults = Object.fromEntries(
      Object.entries(config).map(([key, entry]) => [
        key.replace(/^strata:/, ''),
        entry.default ?? entry.value,
      ]),
    );
    // Of secrets, settings keep the names only.
    expect({ ...defaults, secrets: [] }).toEqual(parseSettings({}));
  });

  test('has a comment above every setting', () => {
    const lines = read('Pulumi.yaml').split('\n');
    const bare = lines.filter(
      (line, i) => /^ {2}strata:/.test(line) && !lines[i - 1]?.includes('#'),
    );
    expect(bare).toEqual([]);
  });
});

describe('the JSON Schema of the stack files', () => {
  test('is committed as it is generated (npm run --silent schema > docs/config.schema.json)', () => {
    expect(JSON.parse(read('docs/config.schema.json'))).toEqual(settingsJsonSchema());
  });

  test.each(['local', 'dev', 'prod'])('accepts Pulumi.%s.yaml, which names it', (name) => {
    expect(read(`Pulumi.${name}.yaml`)).toMatch(
      /^# yaml-language-server: \$schema=docs\/config\.schema\.json\n/,
    );
    validate(stack(name));
    expect(validate.errors).toBeNull();
  });

  test.each([
    { 'strata:teir': 'single' },
    { 'strata:tier': 'sinlge' },
    { 'strata:ports': { graphql: 0 } },
    { 'strata:tenancy': { tenants: { Acme: { members: { ann: 'admin' } } } } },
    { 'strata:customServices': { web: { command: 'x' } } },
  ])('refuses %o', (config) => {
    expect(validate({ config })).toBe(false);
  });

  test('leaves other namespaces and what Pulumi adds alone', () => {
    const file = { encryptionsalt: 'v1:x', config: { 'aws:region': 'eu-central-1' } };
    expect(validate(file)).toBe(true);
  });
});

describe('the stack files', () => {
  test.each(['local', 'dev'])('%s can be deployed', (name) => {
    const { tenancy } = parseSettings(raw(stack(name).config));
    expect(tenancy.tenants).toMatchObject({
      acme: { members: { ann: 'admin', bob: 'member' } },
      globex: { members: { gus: 'admin', hal: 'member' } },
    });
  });

  test('prod can be deployed', () => {
    const settings = parseSettings(raw(stack('prod').config), [], refusals);
    expect(settings).toMatchObject({ tier: 'load-balanced', target: 'aws' });
  });
});

test('what the settings call built is what the catalogue makes', () => {
  const made = deployed({
    settings: parseSettings({}),
    tenancy: noTables,
    functions: [],
  }).services.map(({ name }) => name);
  expect(made).toEqual(builtServices.embedded);
});
