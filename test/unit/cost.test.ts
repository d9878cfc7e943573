import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheNode } from '../../components/settings/elasticache';
import { tierNames } from '../../components/settings/names';
import { assumptions, neverCounted } from '../../engine/cost/assumptions';
import { compare } from '../../engine/cost/compare';
import { resourcesIn } from '../../engine/cost/deployed';
import { type Estimate, estimate, usages } from '../../engine/cost/estimate';
import { freeTypes } from '../../engine/cost/free';
import { exact, money, shown } from '../../engine/cost/money';
import { priceList, priceOf, readPrices, regionsOf } from '../../engine/cost/prices';
import type { Recorded } from '../../engine/cost/recorded';
import { report } from '../../engine/cost/report';
import { root } from '../../engine/root';
import { settingsOf } from '../support/platform';

const region = 'eu-central-1';

function resource(
  type: string,
  inputs: Record<string, unknown> = {},
  more: Partial<Recorded> = {},
): Recorded {
  const name = more.name ?? 'it';
  return { urn: `urn:${type}::${name}`, type, name, inputs, from: {}, ...more };
}

function of(...resources: Recorded[]): Estimate {
  return estimate(resources, region, priceList);
}

/** What is used, in words: `1460 instance:m7i.large`. */
function used(...resources: Recorded[]): string[] {
  const { lines, without } = of(...resources);
  return [
    ...lines.map(({ item, quantity, assumed }) => `${quantity} ${item}${assumed ? ' ?' : ''}`),
    ...without.map(({ reason }) => `without: ${reason}`),
  ];
}

test.each(tierNames)('the usual nodes of a cache in tier %s have a price in us-east-1', (tier) => {
  const { type } = cacheNode(settingsOf({ target: 'aws', tier, domain: 'example.org' }));
  expect(priceOf(priceList, 'us-east-1', `valkey:${type}`)?.per).toBe('hour');
});

describe('money', () => {
  test.each([
    ['0.12075', 120_750n],
    ['5.00', 5_000_000n],
    ['730', 730_000_000n],
    ['0.000001', 1n],
  ])('%s is kept exactly', (text, amount) => {
    expect(money(text)).toBe(amount);
  });

  test.each(['', '1.', '.5', '-1', '1e3', '0.0000001', '1,5', ' 1'])('%j is no price', (text) => {
    expect(() => money(text)).toThrow('no price');
  });

  test.each([
    [0n, '0.00', '0.00'],
    [4_999n, '0.00', '0.004999'],
    [5_000n, '0.01', '0.005'],
    [-5_000n, '-0.01', '-0.005'],
    [-4_999n, '0.00', '-0.004999'],
    [1_234_560_000n, '1,234.56', '1234.56'],
    [999_999_999n, '1,000.00', '999.999999'],
  ])('%s millionths are shown as %s and written as %s', (amount, cents, decimal) => {
    expect(shown(amount)).toBe(cents);
    expect(exact(amount)).toBe(decimal);
  });

  test('what is written is read back as it was', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (amount) => {
        expect(money(exact(amount))).toBe(amount);
      }),
    );
  });
});

describe('the price list', () => {
  test('has prices of both regions, each with a source that is explained', () => {
    expect(regionsOf(priceList)).toEqual(['eu-central-1', 'us-east-1']);
    expect(Object.values(priceList.sources).every(({ url }) => url.startsWith('https://'))).toBe(
      true,
    );
    const named = new Set(priceList.prices.map(({ source }) => source));
    expect([...named].sort()).toEqual(Object.keys(priceList.sources).sort());
  });

  test('knows the default instance types', () => {
    for (const item of ['instance:m7i.large', 'instance:m7i.xlarge', 'instance:r7i.large']) {
      for (const where of regionsOf(priceList)) {
        expect(priceOf(priceList, where, item)).toBeDefined();
      }
    }
  });

  test('gives no price of another region, and none of an item by a name of its own', () => {
    expect(priceOf(priceList, 'eu-west-1', 'nat-gateway')).toBeUndefined();
    expect(priceOf(priceList, region, 'toString')).toBeUndefined();
    expect(priceOf(priceList, 'eu-west-1', 'key')?.amount).toBe('1.00');
  });

  test.each([
    ['a source that is not explained', { source: 'hearsay' }, 'no source is called "hearsay"'],
    ['a number in place of a decimal', { items: { key: 1 } }, 'expected string'],
    ['more than six decimals', { items: { key: '0.1234567' } }, 'Invalid string'],
  ])('is refused with %s', (_, wrong, problem) => {
    const group = { region, source: 'me', per: 'month', items: { key: '1' }, ...wrong };
    const list = { currency: 'USD', read: '2026-11-22', sources: {}, prices: [group] };
    const sources = { me: { what: 'mine', url: 'https://example.org' } };
    expect(() => readPrices({ ...list, sources })).toThrow(problem);
  });

  test('is refused with a price that stands twice', () => {
    const group = { region, source: 'me', per: 'month', items: { key: '1' } };
    const sources = { me: { what: 'mine', url: 'https://example.org' } };
    const list = { currency: 'USD', read: '2026-11-22', sources, prices: [group, group] };
    expect(() => readPrices(list)).toThrow('key in eu-central-1 stands twice');
  });
});

describe('types', () => {
  const typeOf = (type: string): string => {
    const [, module = ''] = type.split(':');
    const file = path.join(root, 'node_modules', '@pulumi', 'aws', `${module}.js`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };

  test.each([...Object.keys(usages), ...freeTypes])('%s is one that the provider has', (type) => {
    expect(typeOf(type)).toContain(`__pulumiType = '${type}'`);
  });

  test('each that target aws makes is counted or free', () => {
    const folder = path.join(root, 'components', 'targets', 'aws');
    const made = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(path.join(folder, name), 'utf8').matchAll(/new aws\.(\w+)\.(\w)(\w*)/g),
      ])
      .map(([, module, first = '', rest]) => {
        const file = `${first.toLowerCase()}${String(rest)}`;
        return `aws:${String(module)}/${file}:${first}${String(rest)}`;
      });
    expect(made.length).toBeGreaterThan(0);
    expect(made.filter((type) => !(type in usages) && !freeTypes.includes(type))).toEqual([]);
  });

  test('none is both counted and free', () => {
    expect(freeTypes.filter((type) => type in usages)).toEqual([]);
  });
});

describe('what a resource uses', () => {
  const template = resource('aws:ec2/launchTemplate:LaunchTemplate', {
    instanceType: 'm7i.large',
    blockDeviceMappings: [{ ebs: { volumeSize: 40, volumeType: 'gp3' } }],
    networkInterfaces: [{ associatePublicIpAddress: 'true' }],
  });
  const group = (inputs: Record<string, unknown>, launchTemplate: readonly string[]) =>
    resource(
      'aws:autoscaling/group:Group',
      { minSize: 3, ...inputs },
      { from: { launchTemplate } },
    );
  const subnet = (open: boolean) =>
    resource('aws:ec2/subnet:Subnet', { mapPublicIpOnLaunch: open }, { name: 'subnet' });
  const serverIn = (where: Recorded, inputs: Record<string, unknown> = {}) =>
    resource(
      'aws:ec2/instance:Instance',
      { instanceType: 'm7i.large', ...inputs },
      { name: 'server', from: { subnetId: [where.urn] } },
    );
  const bare = ['730 instance:m7i.large', '8 volume:gp3'];

  test.each<[string, Recorded[], string[]]>([
    [
      'a server with its disk',
      [
        resource('aws:ec2/instance:Instance', {
          instanceType: 'r7i.large',
          rootBlockDevice: { volumeType: 'gp3', volumeSize: 40 },
        }),
      ],
      ['730 instance:r7i.large', '40 volume:gp3'],
    ],
    [
      'a server with a public address and a second disk',
      [
        resource('aws:ec2/instance:Instance', {
          instanceType: 'm7i.large',
          associatePublicIpAddress: true,
          ebsBlockDevices: [{ volumeType: 'gp3', volumeSize: 10 }],
        }),
      ],
      ['730 instance:m7i.large', '8 volume:gp3', '10 volume:gp3', '730 public-address'],
    ],
    [
      'a server in a subnet that gives public addresses',
      [subnet(true), serverIn(subnet(true))],
      ['730 instance:m7i.large', '730 public-address', '8 volume:gp3'],
    ],
    ['a server in a subnet that gives none', [subnet(false), serverIn(subnet(false))], bare],
    [
      'a server that takes none where others do',
      [subnet(true), serverIn(subnet(true), { associatePublicIpAddress: false })],
      bare,
    ],
    [
      'a server with a lasting address, one address',
      [
        subnet(true),
        serverIn(subnet(true)),
        resource(
          'aws:ec2/eip:Eip',
          {},
          { name: 'address', from: { instance: [serverIn(subnet(true)).urn] } },
        ),
      ],
      ['730 instance:m7i.large', '730 public-address', '8 volume:gp3'],
    ],
    [
      'a group of servers, as its launch template says',
      [template, group({}, [template.urn])],
      ['2190 instance:m7i.large', '120 volume:gp3', '2190 public-address'],
    ],
    [
      'as many servers as are wanted, not as few as may be',
      [template, group({ desiredCapacity: 5 }, [template.urn])],
      ['3650 instance:m7i.large', '200 volume:gp3', '3650 public-address'],
    ],
    [
      'a group whose launch template is not there',
      [template, group({}, [])],
      ['without: its launch template not known'],
    ],
    [
      'a volume within what gp3 has anyway',
      [resource('aws:ebs/volume:Volume', { size: 50, type: 'gp3', iops: 3000, throughput: 125 })],
      ['50 volume:gp3'],
    ],
    [
      'an address, a secret, a key, a hosted zone',
      [
        resource('aws:ec2/eip:Eip'),
        resource('aws:secretsmanager/secret:Secret'),
        resource('aws:kms/key:Key'),
        resource('aws:route53/zone:Zone'),
      ],
      ['730 public-address', '1 secret', '1 key', '1 hosted-zone'],
    ],
    [
      'a NAT gateway, with data that is assumed',
      [resource('aws:ec2/natGateway:NatGateway')],
      ['730 nat-gateway', '50 nat-gateway-data ?'],
    ],
    [
      'a load balancer with an address in each subnet',
      [resource('aws:lb/loadBalancer:LoadBalancer', { subnets: ['a', 'b', 'c'] })],
      ['730 load-balancer', '730 load-balancer-capacity ?', '2190 public-address'],
    ],
    [
      'a load balancer inside, without addresses that cost',
      [resource('aws:lb/loadBalancer:LoadBalancer', { subnets: ['a', 'b'], internal: true })],
      ['730 load-balancer', '730 load-balancer-capacity ?'],
    ],
    [
      'a gateway endpoint, nothing',
      [resource('aws:ec2/vpcEndpoint:VpcEndpoint', { vpcEndpointType: 'Gateway' })],
      [],
    ],
    [
      'an interface endpoint, in each subnet',
      [
        resource('aws:ec2/vpcEndpoint:VpcEndpoint', {
          vpcEndpointType: 'Interface',
          subnetIds: ['a', 'b'],
        }),
      ],
      ['1460 interface-endpoint', '5 interface-endpoint-data ?'],
    ],
    [
      'a web ACL with its rules',
      [resource('aws:wafv2/webAcl:WebAcl', { rules: [{}, {}] })],
      ['1 web-acl', '2 web-acl-rule', '10 web-acl-requests ?'],
    ],
    [
      'a bucket and a log group, by assumption',
      [resource('aws:s3/bucket:Bucket'), resource('aws:cloudwatch/logGroup:LogGroup')],
      ['10 objects ?', '5 logs-ingested ?', '5 logs-kept ?'],
    ],
    [
      'a database',
      [
        resource('aws:rds/instance:Instance', {
          engine: 'postgres',
          instanceClass: 'db.t4g.micro',
          allocatedStorage: 20,
          storageType: 'gp3',
        }),
      ],
      ['730 database:db.t4g.micro', '20 database-storage:gp3'],
    ],
    ['what AWS does not bill', [resource('aws:ec2/vpc:Vpc'), resource('strata:aws:Command')], []],
  ])('%s', (_, resources, expected) => {
    expect(used(...resources).sort()).toEqual([...expected].sort());
  });

  test('figures that an alarm compares are counted each', () => {
    const alarm = resource('aws:cloudwatch/metricAlarm:MetricAlarm', {
      metricQueries: [{ metric: {} }, { metric: {} }, { expression: 'a/b' }],
    });
    const [line] = estimate([alarm], 'us-east-1', priceList).lines;
    expect(line).toMatchObject({ item: 'alarm', quantity: 2 });
  });

  test('what a volume has beyond gp3’s own is paid', () => {
    const volume = resource('aws:ebs/volume:Volume', {
      size: 100,
      type: 'gp3',
      iops: 4000,
      throughput: 250,
    });
    const { lines } = estimate([volume], 'us-east-1', priceList);
    expect(lines.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['volume:gp3', 100],
      ['volume:gp3:iops', 1000],
      ['volume:gp3:throughput', 125],
    ]);
  });
});

describe('nothing that costs money is silently free', () => {
  test.each<[string, Recorded, string]>([
    ['a type that nobody described', resource('aws:eks/cluster:Cluster'), 'nobody has said'],
    ['a type of another cloud', resource('gcp:compute/instance:Instance'), 'nobody has said'],
    [
      'an instance type without a price',
      resource('aws:ec2/instance:Instance', { instanceType: 'x9.large' }),
      'no price of instance:x9.large (server, x9.large) in eu-central-1',
    ],
    [
      'a size that is not known before it is deployed',
      resource('aws:ebs/volume:Volume', { size: '04da6b54-80e4-46f7-96ec-b56ff0331ba9' }),
      'size not known',
    ],
    [
      'a database of another engine',
      resource('aws:rds/instance:Instance', {
        engine: 'oracle-ee',
        instanceClass: 'db.t4g.micro',
        allocatedStorage: 20,
      }),
      'engine not known',
    ],
    [
      'a load balancer of another kind',
      resource('aws:lb/loadBalancer:LoadBalancer', { loadBalancerType: 'network', subnets: ['a'] }),
      'loadBalancerType not known',
    ],
  ])('%s is named', (_, given, reason) => {
    const { without } = of(given);
    expect(without[0]).toMatchObject({ type: given.type, resource: 'it' });
    expect(without[0]?.reason).toContain(reason);
  });

  test('snapshots are counted by the volumes that there are', () => {
    const volume = resource('aws:ebs/volume:Volume', { size: 50, type: 'gp3' });
    const { lines } = of(volume, resource('aws:backup/plan:Plan'));
    const counted = lines.filter(({ item }) => item === 'snapshots');
    expect(counted.map(({ quantity, monthly }) => [quantity, monthly])).toEqual([[50, 2_700_000n]]);
  });

  test('snapshots of a volume whose size is not known are named', () => {
    const known = resource('aws:ebs/volume:Volume', { size: 50, type: 'gp3' });
    const unknown = resource('aws:ebs/volume:Volume', { type: 'gp3' }, { name: 'queue-1' });
    const { lines, without } = of(known, unknown, resource('aws:backup/plan:Plan'));
    expect(lines.filter(({ item }) => item === 'snapshots')).toEqual([]);
    expect(without).toContainEqual({
      type: 'aws:backup/plan:Plan',
      resource: 'it',
      reason: 'size of volume queue-1 not known',
    });
  });

  test('what is never counted stands in docs/cost.md, as the report says it', () => {
    const page = readFileSync('docs/cost.md', 'utf8').replaceAll('\n', ' ');
    expect(page).toContain(`Never counted: ${neverCounted.join(', ')}.`);
  });
});

test('the total is the exact sum: 730 hours at 0.12075 and 50 GB at 0.0952', () => {
  const { total, lines } = of(
    resource('aws:ec2/instance:Instance', {
      instanceType: 'm7i.large',
      rootBlockDevice: { volumeSize: 50 },
    }),
  );
  expect(lines.map(({ monthly }) => exact(monthly))).toEqual(['88.1475', '4.76']);
  expect(exact(total)).toBe('92.9075');
  expect(lines[0]?.price).toMatchObject({ amount: '0.12075', per: 'hour', source: 'skypilot' });
});

describe('two estimates side by side', () => {
  const server = (name: string, instanceType: string, parent = '') =>
    resource(
      'aws:ec2/instance:Instance',
      { instanceType, rootBlockDevice: { volumeSize: 10 } },
      { name, urn: `urn:${parent}$aws:ec2/instance:Instance::${name}` },
    );
  const before = of(server('server', 'm7i.xlarge', 'single'), resource('aws:kms/key:Key'));
  const after = of(
    server('data', 'r7i.large', 'split'),
    server('app', 'm7i.large', 'split'),
    resource('aws:kms/key:Key', {}, { urn: 'urn:elsewhere::it' }),
  );

  test('what stays is the same whatever its parent is, the rest comes or goes', () => {
    const changes = compare(before, after);
    expect(
      changes.map(({ resource: name, what, difference }) => [name, what, exact(difference)]),
    ).toEqual([
      ['app', 'server, m7i.large', '88.1475'],
      ['app', 'disk, gp3', '0.952'],
      ['data', 'server, r7i.large', '116.508'],
      ['data', 'disk, gp3', '0.952'],
      ['server', 'server, m7i.xlarge', '-176.295'],
      ['server', 'disk, gp3', '-0.952'],
      ['it', 'key', '0.00'],
    ]);
    const sum = changes.reduce((total, { difference }) => total + difference, 0n);
    expect(sum).toBe(after.total - before.total);
  });

  test('the report shows before, after and difference, and what the sums are made of', () => {
    const text = report(after, { called: 'deployed', estimate: before }, priceList);
    expect(text).toMatch(/RESOURCE +WHAT +DEPLOYED +AFTER +DIFFERENCE/);
    expect(text).toMatch(/server +server, m7i\.xlarge +176\.30 +- +-176\.30/);
    expect(text).toMatch(/total +178\.25 +207\.56 +\+29\.31/);
    expect(text).toContain('skypilot-catalog');
    expect(text).not.toContain('Karpenter generated');
  });
});

test('what is deployed and could not be priced is named apart', () => {
  const before = of(resource('aws:eks/cluster:Cluster'));
  const text = report(of(), { called: 'deployed', estimate: before }, priceList);
  expect(text).toMatch(/Not in "deployed".*\n +nobody has said what this type costs: it/);
  expect(text).not.toContain('Without');
});

test('the report names assumptions, what it is without, and never more than was used', () => {
  const text = report(
    of(resource('aws:s3/bucket:Bucket'), resource('aws:eks/cluster:Cluster')),
    undefined,
    priceList,
  );
  expect(text).toContain(assumptions.objects.says);
  expect(text).not.toContain(assumptions['nat-gateway-data'].says);
  expect(text).toMatch(
    /it +what lies in the bucket +10 GB, assumed +0\.0245 a GB and month +0\.25/,
  );
  expect(text).toContain('nobody has said what this type costs: it (aws:eks/cluster:Cluster)');
  expect(text).toContain('read 2026-11-22');
});

describe('a stack’s state', () => {
  test('is read as resources, without those that were only looked up', () => {
    const urn = 'urn:pulumi:prod::strata::strata:aws:Server$aws:kms/key:Key::data';
    const resources = [
      {
        urn,
        type: 'aws:kms/key:Key',
        inputs: { enableKeyRotation: true },
        propertyDependencies: { policy: ['x'], tags: null },
      },
      { urn: `${urn}2`, type: 'aws:kms/key:Key', external: true },
    ];
    expect(resourcesIn({ resources })).toEqual([
      {
        urn,
        type: 'aws:kms/key:Key',
        name: 'data',
        inputs: { enableKeyRotation: true },
        from: { policy: ['x'], tags: [] },
      },
    ]);
  });

  test.each([undefined, {}, { resources: [] }])('%j has none', (deployment) => {
    expect(resourcesIn(deployment)).toEqual([]);
  });
});
