import { describe, expect, test, vi } from 'vitest';
import { refusals } from '../../components/refusals';
import { presets } from '../../components/services/presets';
import { presetNames, type PresetName } from '../../components/settings/names';
import { deploy, isSecret, settingsOf } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

/** Each on target docker. */
function configOf(preset: PresetName): Record<string, unknown> {
  return { target: 'docker', preset, database: { memory: '6G' } };
}

describe.each(presetNames)('preset %s on one Docker engine', (preset) => {
  test('can be deployed: nothing is refused, and nothing clashes', () => {
    expect(refusals(settingsOf(configOf(preset)))).toEqual([]);
  });

  test.each([true, false])('has all of its services, with unknowns: %s', async (preview) => {
    const all = await deploy(configOf(preset), preview);
    const containers = all.filter(({ type }) => type === 'docker:index/container:Container');
    const names = containers.map(({ name }) => name.replace(/-\d+$/, ''));
    const served = presets[preset].services.filter(
      (name) => !['monitoring', 'backup', 'mailpit'].includes(name),
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

const frontend = { image: `frontend@sha256:${'0'.repeat(64)}`, port: 3000 };

test.each(['supabase', 'flask'] as const)(
  'preset %s takes a frontend by one setting, which nobody reaches past the gateway',
  async (preset) => {
    const customServices = { frontend: { ...frontend, route: { path: '/', access: 'public' } } };
    const config = { ...configOf(preset), customServices };
    expect(refusals(settingsOf(config))).toEqual([]);
    const all = await deploy(config, false);
    const made = all.find(({ name, type }) => name === 'frontend-1' && type.startsWith('docker:'));
    expect(made?.inputs).toMatchObject({ user: '1000:1000', readOnly: true });
    expect(made?.inputs.ports).toBeUndefined();
    const sites = all
      .map(({ inputs }) => JSON.stringify(inputs))
      .find((text) => text.includes('sites.conf'));
    expect(sites).toContain('set $upstream frontend:3000;');
  },
);

test.each([
  ['alone', {}, [80, 443, 5050, 8080]],
  ['with the frontend that one is kept for', { frontend }, [80, 443, 5050, 8000, 8080]],
])('preset flask has its ports, %s', async (_, own, ports) => {
  const customServices = Object.fromEntries(
    Object.entries(own).map(([name, given]) => [
      name,
      { ...given, route: { subdomain: 'app', access: 'public' } },
    ]),
  );
  const all = await deploy({ ...configOf('flask'), customServices }, false);
  const gateway = all.find(({ name }) => name === 'gateway-1');
  const published = gateway?.inputs.ports as { external: number }[];
  expect(published.map(({ external }) => external).sort((a, b) => a - b)).toEqual(ports);
});
