import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { isOn, presets } from '../../components/services/presets';
import { presetNames, tierNames } from '../../components/settings/names';
import type { PresetName, TierName } from '../../components/settings/schema';
import { deletionToken, holdingTypes, openingTypes } from '../../engine/deletion';
import { violationsOf } from '../../policy/violations';
import type { Registered } from '../support/graph';
import { deploy, plainTexts, reached } from '../support/platform';
import { recorded } from '../support/recorded';

// What images are built from is the same in all of these, and takes longer to bundle than everything else.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});

const patience = 120_000;

/** What keeps data, and what opens it: whatever the tier, the same in every word. */
const lasting = [
  'aws:backup/vault:Vault',
  'aws:ebs/volume:Volume',
  'aws:elasticache/replicationGroup:ReplicationGroup',
  'aws:elasticache/user:User',
  'aws:iam/accessKey:AccessKey',
  'aws:iam/user:User',
  'aws:kms/key:Key',
  'aws:rds/instance:Instance',
  'random:index/randomPassword:RandomPassword',
  'strata:aws:DataBucket',
];

type Managed = Readonly<Record<string, string>>;

/** What AWS can run in the place of servers of the platform. */
const managed: Readonly<Record<string, Managed>> = {
  servers: {},
  managed: { cache: 'elasticache', database: 'rds' },
};

/** Whom alarms reach. */
const told = {
  receivers: {
    team: { kind: 'mail', to: ['ops@example.org'] },
    pager: { kind: 'webhook', url: 'https://pager.example.org/' },
  },
  send: { critical: ['team', 'pager'], warning: ['team'] },
  smtp: { host: 'mail.example.org', from: 'strata@example.org' },
};

function configOf(preset: PresetName, tier: TierName, more: Managed = {}): Record<string, unknown> {
  return {
    tier,
    preset,
    target: 'aws',
    domain: 'example.org',
    // Connections of all servers fit.
    database: { memory: '8G' },
    aws: {
      dnsZone: 'Z0123456789',
      endpoints: ['ssm'],
      cdn: tier === 'load-balanced' && isOn('storage', { preset, services: {} }),
      ...more,
    },
    monitoring: told,
    services: more.database === 'rds' ? withoutUnverified(preset) : {},
  };
}

/** What is refused beside RDS, turned off. */
function withoutUnverified(preset: PresetName): Record<string, { enabled: false }> {
  const refused = (['meta', 'studio'] as const).filter((name) =>
    isOn(name, { preset, services: {} }),
  );
  return Object.fromEntries(refused.map((name) => [name, { enabled: false }]));
}

const cases = presetNames.flatMap((preset) =>
  tierNames.flatMap((tier) =>
    Object.keys(managed).flatMap((by) =>
      (preset === 'standard' ? [true, false] : [false]).map(
        (preview) => [preset, by, tier, preview ? 'before' : 'after', preview] as const,
      ),
    ),
  ),
);

const keeping = [...holdingTypes, ...openingTypes];

/** Token → what it says may be deleted, of everything that is deployed here. */
const named = new Map<string, Set<string>>();

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
      for (const { type, name, urn, protect } of all.filter((each) =>
        keeping.includes(each.type),
      )) {
        // Replicas and releases are made again.
        if (!protect) continue;
        const token = deletionToken('test', name, type);
        named.set(token, (named.get(token) ?? new Set()).add(urn));
      }
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
      expect(of('aws:secretsmanager/secret:Secret').map(({ name }) => name)).toEqual([
        ...groups.map((name) => `${name}-secret`),
        'alarms-notifier',
      ]);
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

    test('starts no server before the buckets of what is kept let its services in', () => {
      const rights = of('aws:iam/userPolicy:UserPolicy');
      expect(rights.map(({ name }) => name).sort()).toEqual(
        of('strata:aws:DataBucket')
          .map(({ name }) => name)
          .sort(),
      );
      for (const ready of all.filter(({ type }) => /^strata:aws:(Command|Rollout)$/.test(type))) {
        for (const { urn } of rights) expect([...reached(all, ready)]).toContain(urn);
      }
    });

    test('puts a new server behind the balancer once that has said itself that it is healthy', () => {
      const groups = of('aws:autoscaling/group:Group');
      expect(groups.map(({ name }) => name)).toEqual(tier === 'load-balanced' ? ['app'] : []);
      for (const { inputs } of groups) {
        const { autoscalingGroupName: _group, ...hook } = one(
          'aws:autoscaling/lifecycleHook:LifecycleHook',
          'app',
        ).inputs;
        expect(inputs.initialLifecycleHooks).toEqual([hook]);
        expect(hook).toEqual({
          name: 'ready',
          lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
          heartbeatTimeout: 1800,
          defaultResult: 'ABANDON',
        });
        const rollout = one('strata:aws:Rollout', 'app-rollout');
        expect([...reached(all, rollout)]).toContain(
          one('aws:autoscaling/lifecycleHook:LifecycleHook', 'app').urn,
        );
        if (preview) continue;
        const { userData } = one('aws:ec2/launchTemplate:LaunchTemplate', 'app').inputs;
        const text = Buffer.from(String(userData), 'base64').toString();
        expect(text).toContain(`"hook":{"group":"${String(inputs.name)}","name":"ready"}`);
      }
    });

    test('starts servers from an image that only their own change makes another', () => {
      const made = {
        ...Object.fromEntries(of('aws:ec2/instance:Instance').map((i) => [i.name, i])),
        ...Object.fromEntries(of('aws:ec2/launchTemplate:LaunchTemplate').map((t) => [t.name, t])),
      };
      for (const [name, { inputs, propertyDependencies }] of Object.entries(made)) {
        const image = one('strata:aws:ServerImage', `${name}-image`);
        expect(propertyDependencies.ami ?? propertyDependencies.imageId).toContain(image.urn);
        expect(image.inputs.only).toBe(
          name === 'app' && tier === 'load-balanced' ? undefined : `strata-test-${name}`,
        );
        if (preview) continue;
        const userData = createHash('sha256').update(String(inputs.userData)).digest('hex');
        expect(image.inputs.servers).toBe(userData);
      }
      expect(of('strata:aws:ServerImage')).toHaveLength(Object.keys(made).length);
    });

    test('makes a public balancer once its network has a way out', () => {
      for (const balancer of of('aws:lb/loadBalancer:LoadBalancer')) {
        expect([...reached(all, balancer)]).toContain(
          one('aws:ec2/internetGateway:InternetGateway', 'network').urn,
        );
      }
    });

    test('backs up every volume', () => {
      const [selection, ...more] = of('aws:backup/selection:Selection');
      expect(more).toEqual([]);
      const wanted = of('aws:ebs/volume:Volume').map(({ name }): unknown =>
        preview ? expect.anything() : `arn:aws:ec2:eu-central-1:123456789012:volume/${name}-id`,
      );
      expect(selection?.inputs.resources).toEqual(wanted);
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

test('whatever AWS runs, a token that lets data go names one resource', () => {
  expect([...named].filter(([, urns]) => urns.size > 1)).toEqual([]);
  expect([...named.keys()]).toEqual(
    expect.arrayContaining([
      ...['test/database-1', 'test/database-1:rds', 'test/queue-1', 'test/queue-1:elasticache'],
      ...['test/storage-1:s3', 'test/storage-1:iam', 'test/encryption-key:kms', 'test/jwt-key'],
    ]),
  );
});

describe.each([
  ...presetNames.map((preset) => [preset, 'servers', 'Volume::database-1'] as const),
  ['standard', 'managed', 'ReplicationGroup::queue-1'] as const,
  ['standard', 'managed', 'Instance::database-1'] as const,
])('preset %s on %s', (preset, by, kept) => {
  test(
    'has the same data and credentials in every tier',
    async () => {
      const urns: (readonly string[])[] = [];
      for (const tier of tierNames) {
        const all = await deploy(configOf(preset, tier, managed[by]), true);
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
