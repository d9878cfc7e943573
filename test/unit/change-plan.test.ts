import { describe as group, expect, test } from 'vitest';
import { describe, isWorthTelling } from '../../engine/change/plan';
import { render } from '../../engine/change/show';
import { Collector, type Step } from '../../engine/change/steps';

const platform = 'urn:pulumi:prod::strata::strata:index:Platform$';
/** The engine's sign for what it does not know yet. */
const later = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

type Inputs = Record<string, unknown>;
/** Id and inputs; nothing for what is not there. */
type Side = readonly [id: string, inputs?: Inputs] | undefined;

/** A step as the engine's preview had it, with what a plan looks at. */
function step(operation: string, type: string, name: string, before: Side, after: Side): Step {
  const side = ([id, inputs = {}]: readonly [string, Inputs?], kind = type) => ({
    ...{ id, type: kind, inputs, protect: kept.includes(type) },
  });
  return {
    operation,
    urn: `${platform}${kept.includes(type) ? '' : 'strata:tiers:SplitDatabase$'}${type}::${name}`,
    type,
    name,
    ...(before && { before: side(before) }),
    ...(after && { after: side(after) }),
    because: [],
  };
}

const volumeType = 'aws:ebs/volume:Volume';
const passwordType = 'random:index/randomPassword:RandomPassword';
const kept = [volumeType, passwordType];

function tier(from: string, to: string, name: string): Step {
  const there = { id: '', inputs: {}, protect: false };
  const type = `strata:tiers:${to}`;
  return {
    ...{ operation: 'same', urn: `${platform}${type}::${name}`, type, name, because: [] },
    before: { ...there, type: `strata:tiers:${from}` },
    after: { ...there, type },
  };
}

const same = [
  step('update', volumeType, 'database-1', ['vol-d'], ['vol-d']),
  step('update', volumeType, 'exports-1', ['vol-e'], ['vol-e']),
  step('same', passwordType, 'jwt-key', ['none'], ['none']),
];

/** Of a volume that leaves `from`. */
function attachment(name: string, volumeId: string, from: string, to: string = later): Step[] {
  const type = 'aws:ec2/volumeAttachment:VolumeAttachment';
  const before: Side = [`vai-${name}`, { instanceId: from, volumeId }];
  const after: Side = ['', { instanceId: to, volumeId }];
  if (from === to) return [step('same', type, name, before, after)];
  return [
    step('delete-replaced', type, name, before, undefined),
    step('replace', type, name, before, after),
    step('create-replacement', type, name, before, after),
  ];
}

function instance(operation: string, name: string, from?: string, to?: string): Step {
  const side = (id: string, instanceType?: string): Side =>
    instanceType ? [id, { instanceType }] : undefined;
  const type = 'aws:ec2/instance:Instance';
  return step(operation, type, name, side(`i-${name}`, from), side('', to));
}

function release(operation: string, server: string, ...contents: readonly string[]): Step {
  const triggers = Object.fromEntries(contents.map((content) => [content, '50']));
  const side: Side = ['', { triggers: { instanceType: 'm7i.large', ...triggers } }];
  return step(
    operation,
    'strata:aws:Command',
    `${server}-release`,
    operation === 'create' ? undefined : side,
    operation === 'delete' ? undefined : side,
  );
}

/** A change of something that AWS runs. */
function managed(type: string, name: string, { before, after }: Record<string, Inputs>): Step {
  return step('update', type, name, ['id', before], ['id', after]);
}

/** A change of a database of RDS that has no standby unless `was` says so. */
function rds(change: Inputs, was: Inputs = {}): Step {
  const before = { instanceClass: 'db.m7g.large', multiAz: false, ...was };
  return managed('aws:rds/instance:Instance', 'database-1', {
    ...{ before, after: { ...before, ...change } },
  });
}

/** Of a parameter group; only `max_connections` is read at the start. */
function parameters(given: Record<string, string>): Inputs {
  return {
    parameters: Object.entries(given).map(([name, value]) => ({
      ...{ name, value },
      applyMethod: name === 'max_connections' ? 'pending-reboot' : 'immediate',
    })),
  };
}

const eip = 'aws:ec2/eip:Eip';
const record = 'aws:route53/record:Record';

const toSplit = [
  tier('SingleServer', 'SplitDatabase', 'split'),
  ...same,
  step('create', 'aws:ec2/natGateway:NatGateway', 'network-nat', undefined, ['']),
  instance('create', 'data', undefined, 'r7i.large'),
  instance('create', 'app', undefined, 'm7i.large'),
  ...attachment('database-1', 'vol-d', 'i-server'),
  ...attachment('exports-1', 'vol-e', 'i-server'),
  release('create', 'data', 'database'),
  release('create', 'app', 'exports'),
  step('update', eip, 'entrance', ['e', { instance: 'i-server' }], ['', { instance: later }]),
  step('same', record, 'domain-domain', ['r', { records: [] }], ['', { records: [] }]),
  release('delete', 'server', 'database', 'exports'),
  instance('delete', 'server', 'm7i.xlarge'),
];

const toLoadBalanced = [
  tier('SplitDatabase', 'LoadBalanced', 'load-balanced'),
  ...same,
  instance('create', 'operations', undefined, 'm7i.large'),
  instance('update', 'data', 'r7i.large', 'r7i.large'),
  step('create', 'aws:lb/loadBalancer:LoadBalancer', 'balancer', undefined, ['']),
  ...attachment('exports-1', 'vol-e', 'i-app'),
  ...attachment('database-1', 'vol-d', 'i-data', 'i-data'),
  release('update', 'data', 'database'),
  release('create', 'operations', 'exports'),
  step('create', 'aws:autoscaling/group:Group', 'app', undefined, ['', { desiredCapacity: 3 }]),
  step('update', record, 'domain-domain', ['r', { records: [] }], ['', { aliases: [] }]),
  step('delete', eip, 'entrance', ['e', { instance: 'i-app' }], undefined),
  release('delete', 'app', 'exports'),
  instance('delete', 'app', 'm7i.large'),
];

const fromLoadBalanced = [
  tier('LoadBalanced', 'SplitDatabase', 'split'),
  ...same,
  instance('same', 'data', 'r7i.large', 'r7i.large'),
  instance('create', 'app', undefined, 'm7i.large'),
  ...attachment('exports-1', 'vol-e', 'i-operations'),
  release('create', 'app', 'exports'),
  step('update', record, 'domain-domain', ['r', { aliases: [] }], ['', { records: [] }]),
  instance('delete', 'operations', 'm7i.large'),
  step('delete', 'aws:autoscaling/group:Group', 'app', ['g', { desiredCapacity: 3 }], undefined),
];

const migration = step('create', 'strata:database:AppliedMigration', 'app/003_orders', undefined, [
  '',
]);

group('the plan of a change of tier', () => {
  test('from single to split names moves, pause, and the way back', () => {
    expect(render('prod', describe(toSplit))).toBe(`
From tier single to split, in this order:
  1. server data is made
     server app is made
     a NAT gateway is made
  2. server server is stopped  <- the pause begins
     database-1 (vol-d): server → data
     exports-1 (vol-e): server → app
  3. the release is applied on data
     then on app
  4. the public address goes to the new server  <- it ends
  5. server server is removed

Nobody is answered from step 2 to the end of step 4 (a volume leaves only a stopped server: two never write to it). How long that takes is not known: servers start, images are pulled and built.
Stay the very same: database-1 (vol-d), exports-1 (vol-e), 1 passwords.
Going back:
  before step 2  nothing that serves was touched; tier single in the config and npm run up -- --stack prod take away what was made.
  before step 5  repair and npm run up -- --stack prod goes on; tier single in the config and npm run up -- --stack prod give volumes back and start what was stopped.
  afterwards     tier single in the config and npm run up -- --stack prod: the same the other way, with a pause of its own. Disks of removed servers (their logs) are gone.`);
  });

  test('from split to load-balanced leaves Postgres where it is, and running', () => {
    const plan = describe(toLoadBalanced);
    expect(plan).toMatchObject({
      tier: { from: 'split', to: 'load-balanced' },
      moves: [{ name: 'exports-1', volume: 'vol-e', from: 'app', to: 'operations' }],
      pause: { begins: 2, ends: 5, who: 'Nobody is answered' },
      serving: ['data'],
      kept: { 'database-1': 'vol-d', 'exports-1': 'vol-e', 'jwt-key': 'password' },
    });
    expect(plan.phases.map(({ does }) => does)).toEqual([
      ['server operations is made', 'the load balancer is made'],
      ['server app is stopped', 'exports-1 (vol-e): app → operations'],
      ['the release is applied on data', 'then on operations'],
      ['3 servers app are made, until the balancer finds them healthy'],
      ['the names lead to the load balancer'],
      ['server app is removed'],
    ]);
  });

  test('from load-balanced to split goes on answering people', () => {
    expect(describe(fromLoadBalanced)).toMatchObject({
      moves: [{ name: 'exports-1', from: 'operations', to: 'app' }],
      pause: { begins: 2, who: 'What operators ask for is away, people are answered' },
      serving: ['data', 'app, until it is removed'],
    });
  });

  test('names migrations, which stay whatever is gone back to', () => {
    const said = render('prod', describe([...toSplit, migration]));
    expect(said).toContain('3. the release is applied on data, after its migrations');
    expect(said).toContain('Migrations that are applied:\n  + app/003_orders.sql');
    expect(said).toContain('Migrations that were applied stay, whichever way.');
  });
});

group('the plan of another change', () => {
  const there = instance('same', 'data', 'r7i.large', 'r7i.large');

  test.each<[string, Step[], string]>([
    [
      'a server in another’s place',
      [
        instance('replace', 'data', 'r7i.large', 'r7i.large'),
        release('update', 'data', 'database'),
      ],
      'server data is stopped and removed, and another takes its place  <- the pause begins',
    ],
    [
      'another type of server',
      [instance('update', 'data', 'r7i.large', 'r7i.xlarge'), release('update', 'data')],
      'server data is stopped and started again as another type  <- the pause begins',
    ],
    [
      'a migration alone',
      [there, release('update', 'data', 'database'), migration],
      'No server stops.',
    ],
  ])('tells of %s', (_, steps, said) => {
    const plan = describe(steps);
    expect(isWorthTelling(plan)).toBe(true);
    expect(render('prod', plan)).toContain(said);
  });

  test.each<[string, Step[]]>([
    [
      'a first deployment',
      [...same, instance('create', 'server', undefined, 'm7i.large'), migration],
    ],
    ['a new release on a server that stays', [there, release('update', 'data', 'database')]],
    ['a target without servers of its own', [...same, migration]],
    ['nothing', []],
  ])('is not told of %s', (_, steps) => {
    expect(isWorthTelling(describe(steps))).toBe(false);
  });

  test('tells that a database of RDS restarts, or leaves for its standby, with the pause', () => {
    const plan = describe([
      there,
      rds({ instanceClass: 'db.r7g.large' }),
      release('update', 'data'),
    ]);
    expect(isWorthTelling(plan)).toBe(true);
    expect(plan).toMatchObject({
      phases: [
        { kind: 'managed', does: ['database-1 restarts as db.r7g.large'] },
        { kind: 'release' },
      ],
      pause: { begins: 1, ends: 1, who: 'Nobody is answered' },
      serving: ['data'],
    });
    expect(render('prod', plan)).toContain(
      'Nobody is answered from step 1 to the end of step 1 (there is no database meanwhile). How long',
    );
    const standing = describe([there, rds({ instanceClass: 'db.r7g.large' }, { multiAz: true })]);
    expect(standing.phases[0]?.does).toEqual([
      'database-1 leaves for its standby and comes back as db.r7g.large',
    ]);
    expect(standing.pause).toBeDefined();
  });

  test('begins the pause of a change of tier where the database restarts', () => {
    const changes = rds({ instanceClass: 'db.r7g.large', multiAz: true });
    const plan = describe([...toSplit, changes]);
    expect(plan.phases[1]).toEqual({
      kind: 'managed',
      does: ['database-1 restarts as db.r7g.large', 'database-1 gets a standby in another zone'],
    });
    expect(plan.pause).toMatchObject({ begins: 2, ends: 5 });
  });

  test.each<[string, Step, string]>([
    ['a standby', rds({ multiAz: true }), 'database-1 gets a standby in another zone'],
    ['none any more', rds({ multiAz: false }, { multiAz: true }), 'database-1 loses its standby'],
    [
      'a larger replica',
      rds({ instanceClass: 'db.r7g.large' }, { replicateSourceDb: 'database-1' }),
      'database-1 restarts as db.r7g.large',
    ],
    [
      'other nodes of the cache',
      managed('aws:elasticache/replicationGroup:ReplicationGroup', 'queue-1', {
        ...{ before: { nodeType: 'cache.t4g.small' }, after: { nodeType: 'cache.m7g.large' } },
      }),
      'queue-1 moves to other nodes, cache.m7g.large: its connections break once',
    ],
    [
      'parameters that wait',
      managed('aws:rds/parameterGroup:ParameterGroup', 'database-1', {
        before: parameters({ max_connections: '100', work_mem: '4096' }),
        after: parameters({ max_connections: '200', work_mem: '8192' }),
      }),
      'database-1 is told of max_connections, and takes it when somebody restarts it',
    ],
  ])('tells of %s, which nobody waits for', (_, change, does) => {
    const plan = describe([there, change]);
    expect(isWorthTelling(plan)).toBe(true);
    expect(plan.phases).toEqual([{ kind: 'managed', does: [does] }]);
    expect(plan.pause).toBeUndefined();
  });

  test.each<[string, Step]>([
    ['more room and more backups', rds({ allocatedStorage: 100, backupRetentionPeriod: 14 })],
    [
      'what Postgres takes while it runs',
      managed('aws:rds/parameterGroup:ParameterGroup', 'database-1', {
        before: parameters({ work_mem: '4096' }),
        after: parameters({ work_mem: '8192' }),
      }),
    ],
  ])('is not told of %s', (_, change) => {
    expect(isWorthTelling(describe([there, change]))).toBe(false);
  });

  test('takes a volume that an interrupted deployment left without a server', () => {
    const type = 'aws:ec2/volumeAttachment:VolumeAttachment';
    const again = step('create', type, 'database-1', undefined, [
      '',
      { instanceId: later, volumeId: 'vol-d' },
    ]);
    expect(describe([again, release('create', 'data', 'database')]).moves).toEqual([
      { name: 'database-1', volume: 'vol-d', to: 'data' },
    ]);
  });
});

test('a look at what is there is no step', () => {
  const collector = new Collector();
  const metadata = { op: 'refresh' as const, urn: 'a::b::c::d', type: 'c', provider: '' };
  collector.see({ sequence: 1, timestamp: 1, resourcePreEvent: { metadata } });
  expect(collector.steps).toEqual([]);
});
