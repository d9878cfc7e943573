import { beforeAll, describe, expect, test } from 'vitest';
import { countedServices } from '../../components/services/database/optional';
import { isOn, presets, type OptionalName } from '../../components/services/presets';
import { presetNames, tierNames } from '../../components/settings/names';
import type { PresetName, TierName } from '../../components/settings/schema';
import { violationsOf } from '../../policy/violations';
import type { Registered } from '../support/graph';
import { deploy, plainTexts, reached } from '../support/platform';
import { recorded } from '../support/recorded';

const patience = 120_000;

/** What keeps data, and what opens it: whatever the tier, the same in every word. */
const lasting = [
  'aws:ebs/volume:Volume',
  'aws:kms/key:Key',
  'aws:rds/instance:Instance',
  'random:index/randomPassword:RandomPassword',
];

type Managed = Readonly<Record<string, string>>;

/** What AWS can run in the place of servers of the platform. */
const managed: Readonly<Record<string, Managed>> = {
  servers: {},
  rds: { database: 'rds' },
};

/** Everything of a preset that the tier takes. */
function configOf(preset: PresetName, tier: TierName, more: Managed = {}): Record<string, unknown> {
  const refused: readonly OptionalName[] =
    tier === 'load-balanced' ? [...countedServices, 'monitoring'] : [];
  const out = refused.filter((name) => isOn(name, { preset, services: {} }));
  return {
    tier,
    preset,
    target: 'aws',
    domain: 'example.org',
    aws: { dnsZone: 'Z0123456789', alarms: 'ops@example.org', endpoints: ['ssm'], ...more },
    services: Object.fromEntries(out.map((name) => [name, { enabled: false }])),
  };
}

const cases = presetNames.flatMap((preset) =>
  tierNames.flatMap((tier) =>
    Object.keys(preset === 'standard' ? managed : { servers: {} }).flatMap((by) =>
      (preset === 'standard' ? [true, false] : [false]).map(
        (preview) => [preset, by, tier, preview ? 'before' : 'after', preview] as const,
      ),
    ),
  ),
);

test('the presets are those that are deployed here', () => {
  expect([...presetNames].sort()).toEqual(Object.keys(presets).sort());
});

describe.each(cases)(
  'preset %s on %s in tier %s on aws, %s AWS has answered',
  (preset, by, tier, _when, preview) => {
    let all: readonly Registered[];

    const of = (type: string) => all.filter((resource) => resource.type === type);
    const one = (type: string, name: string): Registered => {
      const [found, ...more] = of(type).filter((resource) => resource.name === name);
      if (!found || more.length > 0) throw new Error(`not one ${type} ${name}`);
      return found;
    };

    beforeAll(async () => {
      all = await deploy(configOf(preset, tier, managed[by]), preview);
    }, patience);

    test('breaks no rule of the policy pack', () => {
      expect(violationsOf(recorded(all))).toEqual([]);
    });

    test('shows no secret outside of what is kept as one', () => {
      const texts = plainTexts(all.map(({ inputs }) => inputs));
      expect(texts.filter((text) => /password-of-|key-of-/.test(text))).toEqual([]);
    });

    test('gives each group of servers one secret, and that only to its own role', () => {
      const groups = of('strata:aws:Release').map(({ name }) => name);
      expect(of('aws:secretsmanager/secret:Secret').map(({ name }) => name)).toEqual(
        groups.map((name) => `${name}-secret`),
      );
      if (preview) return;
      for (const name of groups) {
        const rights = JSON.stringify(one('aws:iam/rolePolicy:RolePolicy', name).inputs);
        const read = groups.filter((other) => rights.includes(`/${other}-secret`));
        expect(read).toEqual([name]);
      }
    });

    test('deploys a group once those before it are ready, and then leads people to it', () => {
      const ready = all.filter(({ type }) => /^strata:aws:(Command|Rollout)$/.test(type));
      const order = [...ready].sort(
        (first, second) => reached(all, first).size - reached(all, second).size,
      );
      const groups = { single: ['server'], split: ['data', 'app'] } as const;
      const wanted = tier === 'load-balanced' ? ['data', 'operations', 'app'] : groups[tier];
      expect(order.map(({ name }) => name.split('-')[0])).toEqual(wanted);
      for (const [index, later] of order.entries()) {
        for (const earlier of order.slice(0, index)) {
          expect([...reached(all, later)]).toContain(earlier.urn);
        }
      }
      const last = order.at(-1)?.urn;
      for (const record of of('aws:route53/record:Record').filter(({ name }) =>
        name.startsWith('domain-'),
      )) {
        expect([...reached(all, record)]).toContain(last);
      }
    });

    test('tells a server what to run once its volumes are on it', () => {
      for (const attachment of of('aws:ec2/volumeAttachment:VolumeAttachment')) {
        const waiting = of('strata:aws:Command').filter((command) =>
          reached(all, command).has(attachment.urn),
        );
        expect(waiting.length).toBeGreaterThan(0);
        expect(attachment.protect).toBe(false);
      }
      expect(
        of('aws:ec2/volumeAttachment:VolumeAttachment')
          .map(({ name }) => name)
          .sort(),
      ).toEqual(
        of('aws:ebs/volume:Volume')
          .map(({ name }) => name)
          .sort(),
      );
    });
  },
);

describe.each([
  ...presetNames.map((preset) => [preset, 'servers', 'Volume::database-1'] as const),
  ['standard', 'rds', 'Instance::database-1'] as const,
])('preset %s on %s', (preset, by, kept) => {
  test(
    'has the same data and credentials in every tier',
    async () => {
      const urns: (readonly string[])[] = [];
      for (const tier of tierNames) {
        const config = { ...configOf(preset, tier, managed[by]), ...everywhere(preset) };
        const all = await deploy(config, true);
        urns.push(
          all
            .filter(({ type }) => lasting.includes(type))
            .map(({ urn }) => urn)
            .sort(),
        );
      }
      const [single, ...others] = urns;
      for (const other of others) expect(other).toEqual(single);
      expect(single?.join(' ')).toContain(kept);
    },
    patience * 3,
  );
});

/** The services that every tier takes: those that it lacks would take their volumes with them. */
function everywhere(preset: PresetName): Record<string, unknown> {
  return { services: configOf(preset, 'load-balanced').services };
}
