import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../engine/root';
import { optionsOf, presets } from '../../components/services/presets';
import { SettingsError } from '../../components/settings/errors';
import { presetNames } from '../../components/settings/names';
import { parseSettings } from '../../components/settings/read';
import { settingsSchema } from '../../components/settings/schema';

/** A config as Pulumi hands it over. */
function raw(config: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      `strata:${name}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** What Pulumi adds to every config: the values of Pulumi.yaml. */
function withProjectFile(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const project = parse(readFileSync(path.join(root, 'Pulumi.yaml'), 'utf8')) as {
    config: Record<string, { default?: unknown; value?: unknown }>;
  };
  const values = Object.entries(project.config).map(([key, entry]): [string, unknown] => [
    key.replace(/^strata:/, ''),
    entry.default ?? entry.value,
  ]);
  return raw({ ...Object.fromEntries(values), secrets: {}, ...config });
}

/** Left out where it is in the preset, because it may not be built. */
const withoutRealtime = { realtime: { enabled: false } };
const flask = { target: 'docker', preset: 'flask' };
const ports = { gateway: 8080, frontend: 8000, pgadmin: 5050 };

describe('the settings that a preset carries', () => {
  test.each(presetNames)('are settings, and all of those of %s outlive Pulumi.yaml', (preset) => {
    const { options = {} } = presets[preset];
    expect(settingsSchema.parse(options)).toMatchObject(options);
    const config = { target: 'docker', preset, services: withoutRealtime };
    expect(parseSettings(withProjectFile(config))).toMatchObject(options);
  });

  test('are taken with a config that says nothing of them, or something beside them', () => {
    expect(parseSettings(raw(flask)).gateway.ports).toEqual({
      http: 80,
      https: 443,
      services: ports,
    });
    const more = { ports: { https: 8443, services: { frontend: 9000, shop: 9001 } } };
    expect(parseSettings(raw({ ...flask, gateway: more })).gateway.ports).toEqual({
      http: 80,
      https: 8443,
      services: { ...ports, frontend: 9000, shop: 9001 },
    });
  });

  test('are none of another preset, nor of what is no preset', () => {
    expect(parseSettings(raw({ target: 'docker' })).gateway.ports.services).toEqual({});
    for (const given of [undefined, 7, 'toString', 'flasks', {}])
      expect(optionsOf(given)).toEqual({});
  });

  test('do not hide what is wrong with a setting, or in conflict with it', () => {
    const problems = (gateway: unknown) => {
      try {
        parseSettings(raw({ ...flask, gateway }));
        return [];
      } catch (error) {
        if (error instanceof SettingsError) return error.problems.map(({ key }) => key);
        throw error;
      }
    };
    expect([
      problems(7),
      problems({ ports: 7 }),
      problems({ ports: { services: { frontend: 0 } } }),
      problems({ ports: { https: 8000 } }),
    ]).toEqual([
      ['strata:gateway'],
      ['strata:gateway.ports'],
      ['strata:gateway.ports.services.frontend'],
      ['strata:gateway.ports.services.frontend'],
    ]);
  });
});
