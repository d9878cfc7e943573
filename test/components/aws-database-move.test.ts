import { beforeAll, describe, expect, test, vi } from 'vitest';
import { tierNames } from '../../components/settings/names';
import { violationsOf } from '../../policy/violations';
import type { Registered } from '../support/graph';
import { deploy, plainTexts, reached } from '../support/platform';
import { recorded } from '../support/recorded';

// What images are built from takes longer to bundle than everything else, and is the same here as anywhere.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});

const volumeType = 'aws:ebs/volume:Volume';
const instanceType = 'aws:rds/instance:Instance';
const attachmentType = 'aws:ec2/volumeAttachment:VolumeAttachment';

const states = {
  vm: { database: 'vm' },
  copying: { database: 'rds', databaseMove: 'copying' },
  moved: { database: 'rds', databaseMove: 'moved' },
  settled: { database: 'rds', databaseMove: 'settled' },
} as const;

type State = keyof typeof states;
const stateNames = Object.keys(states) as State[];

describe.each(tierNames)('from Postgres on a server to RDS in tier %s', (tier) => {
  const made = new Map<State, readonly Registered[]>();
  const all = (state: State): readonly Registered[] => made.get(state) ?? [];
  const find = (state: State, type: string, name: string): Registered | undefined =>
    all(state).find((resource) => resource.type === type && resource.name === name);
  const volume = (state: State) => find(state, volumeType, 'database-1');
  const instance = (state: State) => find(state, instanceType, 'database-2');

  beforeAll(async () => {
    for (const state of stateNames) {
      const config = {
        ...{ tier, preset: 'minimal', target: 'aws', domain: 'example.org' },
        aws: { dnsZone: 'Z0123456789', ...states[state] },
      };
      made.set(state, await deploy(config, false));
    }
  }, 240_000);

  test('copying touches nothing that is there: it only adds RDS and what belongs to it', () => {
    const copying = new Map(all('copying').map((resource) => [resource.urn, resource]));
    for (const before of all('vm')) expect(copying.get(before.urn)).toEqual(before);
    const there = new Set(all('vm').map(({ urn }) => urn));
    const added = all('copying').filter(({ urn }) => !there.has(urn));
    expect(added.filter(({ name }) => !/^(?:doors-|alarms-)?database\b/.test(name))).toEqual([]);
    expect(added.map(({ type }) => type)).toContain(instanceType);
  });

  test('the volume stays the very same and protected, until it is given up', () => {
    expect(volume('vm')?.protect).toBe(true);
    expect(volume('copying')).toEqual(volume('vm'));
    expect(volume('moved')).toEqual(volume('vm'));
    expect(volume('settled')).toBeUndefined();
  });

  test('RDS is the next generation, below the platform and protected, and stays the very same', () => {
    expect(instance('vm')).toBeUndefined();
    const { parent, protect } = instance('copying') ?? {};
    expect(parent).toContain('::strata:index:Platform$strata:aws:ManagedDatabase::database-2');
    expect(protect).toBe(true);
    expect(instance('moved')).toEqual(instance('copying'));
    expect(instance('settled')).toEqual(instance('copying'));
    const instances = stateNames.flatMap((state) =>
      all(state).filter(({ type }) => type === instanceType),
    );
    expect(new Set(instances.map(({ name }) => name))).toEqual(new Set(['database-2']));
  });

  test('nothing mounts the volume any more, and no server is stopped when it goes', () => {
    const stops = (state: State) =>
      find(state, attachmentType, 'database-1')?.inputs.stopInstanceBeforeDetaching;
    expect(stateNames.map(stops)).toEqual([true, true, false, undefined]);
    const { urn, inputs } = find('copying', attachmentType, 'database-1') ?? {};
    const moved = find('moved', attachmentType, 'database-1');
    expect(moved?.urn).toBe(urn);
    expect(moved?.inputs).toEqual({ ...inputs, stopInstanceBeforeDetaching: false });
    const mounting = stateNames.filter((state) =>
      all(state).some(
        ({ name, inputs: { content } }) =>
          name.endsWith('-manifest') && String(content).includes('"database":"database-1-id"'),
      ),
    );
    expect(mounting).toEqual(['vm', 'copying']);
  });

  test('is used from moved on, by everybody; before only where Postgres is gets there', () => {
    const callers = (state: State) =>
      all(state)
        .map(({ name }) => /^doors-database-from-(\w+)$/.exec(name)?.[1])
        .filter((group) => group !== undefined);
    const groups = all('vm').flatMap(({ type, name }) =>
      type === 'strata:aws:Release' ? [name] : [],
    );
    expect(stateNames.map(callers)).toEqual([[], [groups[0]], groups, groups]);
    const using = stateNames.filter((state) =>
      all(state).some(
        ({ type, inputs }) =>
          type === 'aws:secretsmanager/secretVersion:SecretVersion' &&
          JSON.stringify(inputs).includes('@database-2.'),
      ),
    );
    expect(using).toEqual(['moved', 'settled']);
    const { urn = '' } = instance('moved') ?? {};
    const applied = all('moved').filter(({ type }) => /^strata:aws:(Command|Rollout)$/.test(type));
    for (const release of applied) expect([...reached(all('moved'), release)]).toContain(urn);
  });

  test.each(stateNames)('%s breaks no rule of the policy pack and shows no secret', (state) => {
    expect(violationsOf(recorded(all(state)))).toEqual([]);
    const texts = plainTexts(all(state).map(({ inputs }) => inputs));
    expect(texts.filter((text) => /password-of-|key-of-/.test(text))).toEqual([]);
  });
});
