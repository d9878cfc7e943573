import { describe, expect, test, vi } from 'vitest';
import { refusals } from '../../components/refusals';
import { presets } from '../../components/services/presets';
import { presetNames, type PresetName } from '../../components/settings/names';
import { SettingsError } from '../../components/settings/errors';
import { deploy, isSecret, settingsOf } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

/** Each on target docker, without what is refused by name so far. */
function configOf(preset: PresetName): Record<string, unknown> {
  const services = presets[preset].includes('realtime') ? { realtime: { enabled: false } } : {};
  return { target: 'docker', preset, services, database: { memory: '6G' } };
}

function problemsOf(config: Record<string, unknown>): string[] {
  try {
    settingsOf(config);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ reason }) => reason);
    throw error;
  }
}

describe.each(presetNames)('preset %s on one Docker engine', (preset) => {
  test('can be deployed: nothing is refused, and nothing clashes', () => {
    expect(refusals(settingsOf(configOf(preset)))).toEqual([]);
  });

  test.each([true, false])('has all of its services, with unknowns: %s', async (preview) => {
    const all = await deploy(configOf(preset), preview);
    const containers = all.filter(({ type }) => type === 'docker:index/container:Container');
    const names = containers.map(({ name }) => name.replace(/-\d+$/, ''));
    const served = presets[preset].filter(
      (name) => !['monitoring', 'backup', 'realtime', 'mailpit'].includes(name),
    );
    expect(names).toEqual(expect.arrayContaining([...served, 'database', 'gateway', 'guard']));
    expect(new Set(all.map(({ urn }) => urn)).size).toBe(all.length);
  });

  test('publishes the gateway to everybody, and to its own machine what the engine has to reach', async () => {
    const all = await deploy(configOf(preset), false);
    const published = all.flatMap(({ name, inputs }) =>
      ((inputs.ports ?? []) as { external: number; ip?: string }[]).map(({ ip }) => [name, ip]),
    );
    const open = published.filter(([, ip]) => ip !== '127.0.0.1').map(([name]) => name);
    expect([...new Set(open)]).toEqual(['gateway-1']);
  });

  test('tells no resource a secret that is not marked as one', async () => {
    for (const { name, inputs } of await deploy(configOf(preset), false)) {
      const plain = JSON.stringify(inputs, (_, value: unknown) => (isSecret(value) ? '' : value));
      expect(plain, name).not.toMatch(/password-of-|key-of-/);
    }
  });
});

test.each(['nextmavens', 'supabase'] as const)(
  'preset %s is refused with what is not built of it',
  (preset) => {
    const [reason] = problemsOf({ target: 'docker', preset, database: { memory: '6G' } });
    expect(reason).toBe(
      'names a preset that is not built yet for target docker, which lacks realtime',
    );
  },
);
