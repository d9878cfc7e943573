import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Check, Finding } from '../../engine/preflight/check';
import { certificate } from '../../engine/preflight/checks/certificate';
import { dnsZone } from '../../engine/preflight/checks/domain';
import { identity } from '../../engine/preflight/checks/identity';
import { image } from '../../engine/preflight/checks/image';
import { instanceTypes } from '../../engine/preflight/checks/instance-types';
import { localPrograms } from '../../engine/preflight/checks/local-programs';
import { managed } from '../../engine/preflight/checks/managed';
import { quotas } from '../../engine/preflight/checks/quotas';
import { zones } from '../../engine/preflight/checks/zones';
import type { Clients } from '../../engine/preflight/clients';
import { here, preflight, there } from '../../engine/preflight/run';
import { subjectOf, type Subject } from '../../engine/preflight/subject';
import { settingsOf } from '../support/platform';
import { awsError, servers, standIns, subject } from '../support/preflight';

/** Each finding as `level: what it says`. */
function said(findings: readonly Finding[]): string[] {
  return findings.map(({ level, says }) => `${level}: ${says}`);
}

async function run(check: Check, what: Partial<Subject>, clients: Clients): Promise<string[]> {
  return said(await check.run(subject(what), clients));
}

const types = [
  {
    InstanceType: 'm7i.large',
    VCpuInfo: { DefaultVCpus: 2 },
    MemoryInfo: { SizeInMiB: 8192 },
    ProcessorInfo: { SupportedArchitectures: ['x86_64'] },
  },
  {
    InstanceType: 'm7g.large',
    VCpuInfo: { DefaultVCpus: 2 },
    MemoryInfo: { SizeInMiB: 8192 },
    ProcessorInfo: { SupportedArchitectures: ['arm64'] },
  },
];

const offerings = ['m7i.large', 'm7g.large'].flatMap((InstanceType) =>
  ['eu-central-1a', 'eu-central-1b'].map((Location) => ({ InstanceType, Location })),
);

const ec2 = {
  DescribeInstanceTypeOfferingsCommand: ({ Filters }: Record<string, unknown>) => {
    const wanted = (Filters as { Values: string[] }[])[0]?.Values ?? [];
    const found = offerings.filter(({ InstanceType }) => wanted.includes(InstanceType));
    return { InstanceTypeOfferings: found };
  },
  DescribeInstanceTypesCommand: ({ InstanceTypes }: Record<string, unknown>) => ({
    InstanceTypes: types.filter(({ InstanceType }) =>
      (InstanceTypes as string[]).includes(InstanceType),
    ),
  }),
};

describe('credentials', () => {
  const asks = (answer: object | Error) =>
    run(identity, {}, standIns({ GetCallerIdentityCommand: answer }));

  test('are named with their account', async () => {
    const Arn = 'arn:aws:iam::123456789012:user/ann';
    expect(await asks({ Account: '123456789012', Arn })).toEqual([
      `ok: account 123456789012 as ${Arn}`,
    ]);
  });

  test('of the root user are a warning', async () => {
    const found = await asks({ Account: '1', Arn: 'arn:aws:iam::123456789012:root' });
    expect(found[1]).toContain('warning: they are the root user’s');
  });

  test.each([
    ['CredentialsProviderError', 'error: the environment has none'],
    ['ExpiredTokenException', 'error: they have expired'],
    ['InvalidClientTokenId', 'error: AWS does not take them'],
    ['TimeoutError', 'error: AWS cannot be asked: no answer'],
  ])('%s is said in words', async (name, says) => {
    expect(await asks(awsError(name, 'no answer'))).toEqual([says]);
  });
});

describe('zones', () => {
  const asks = (what: Partial<Subject>, all: object[]) =>
    run(zones, what, standIns({ DescribeAvailabilityZonesCommand: { AvailabilityZones: all } }));
  const open = (ZoneName: string, State = 'available') => ({ ZoneName, State });

  test('that take servers are fine', async () => {
    expect(await asks({}, [open('eu-central-1a'), open('eu-central-1b')])).toEqual([
      'ok: eu-central-1a and eu-central-1b',
    ]);
  });

  test('that are not there or closed are an error, with those that are open', async () => {
    const all = [
      open('eu-central-1a'),
      open('eu-central-1b', 'unavailable'),
      open('eu-central-1c'),
    ];
    expect(await asks({}, all)).toEqual([
      'error: eu-central-1b take no servers in region eu-central-1; eu-central-1a, eu-central-1c do',
    ]);
  });
});

describe('instance types', () => {
  const asks = (...wanted: Subject['servers']) =>
    run(instanceTypes, { servers: wanted }, standIns(ec2));

  test('that are there, fit and are large enough are fine', async () => {
    expect(await asks(servers())).toEqual(['ok: server: m7i.large']);
  });

  test('that one of their zones lacks are an error, with the zones that have them', async () => {
    const wanted = servers({ group: 'app', zones: ['eu-central-1a', 'eu-central-1c'] });
    expect(await asks(wanted)).toEqual([
      'error: m7i.large (group app) is not there in eu-central-1c; only in eu-central-1a, eu-central-1b',
    ]);
  });

  test('that nobody has do not hide what is wrong with others', async () => {
    const found = await asks(
      servers({ group: 'data', instanceType: 'm9z.large' }),
      servers({ group: 'app', instanceType: 'm7g.large' }),
    );
    expect(found).toEqual([
      'error: m9z.large (group data) is not there in eu-central-1a; nor in any other zone',
      'error: m7g.large (group app) is for arm64, and images are built for x86_64',
    ]);
  });

  test.each([
    [7680, []],
    [
      7681,
      ['warning: services of group server may take 7681 MiB together, and m7i.large has 8192'],
    ],
  ])('with %d MiB of services on 8192', async (wanted, warnings) => {
    expect((await asks(servers({ memory: wanted }))).slice(1)).toEqual(warnings);
  });
});

describe('quotas', () => {
  const limits: Record<string, number> = { 'L-1216C47A': 8, 'L-0263D0A3': 5, 'L-F678F1CE': 5 };
  const instance = (more: object = {}) => ({
    InstanceType: 'c5.large',
    CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
    ...more,
  });
  const own = {
    Tags: [
      { Key: 'project', Value: 'strata' },
      { Key: 'stack', Value: 'prod' },
    ],
  };
  const asks = (what: Partial<Subject>, used: { instances?: object[]; vpcs?: object[] } = {}) =>
    run(
      quotas,
      what,
      standIns({
        ...ec2,
        GetServiceQuotaCommand: ({ QuotaCode }: Record<string, unknown>) => ({
          Quota: { Value: limits[String(QuotaCode)] },
        }),
        DescribeInstancesCommand: ({ NextToken }: Record<string, unknown>) => {
          const [first = [], ...rest] = (used.instances ?? []).map((one) => [one]);
          if (NextToken !== undefined) return { Reservations: [{ Instances: rest.flat() }] };
          return {
            Reservations: [{ Instances: first }],
            ...(rest.length > 0 && { NextToken: 'more' }),
          };
        },
        DescribeAddressesCommand: { Addresses: [] },
        DescribeVpcsCommand: { Vpcs: used.vpcs ?? [] },
      }),
    );

  test('that are large enough say how much is used', async () => {
    expect(await asks({}, { instances: [instance()], vpcs: [{}] })).toEqual([
      'ok: vCPUs of servers on demand: 2 needed and 2 in use, of 8',
      'ok: Elastic IP addresses: 1 needed and 0 in use, of 5',
      'ok: networks (VPCs): 1 needed and 1 in use, of 5',
    ]);
  });

  test('that are too small are an error; all pages of what runs are counted', async () => {
    const instances = [instance(), instance(), instance(), instance()];
    const [found] = await asks({}, { instances });
    expect(found).toBe('error: vCPUs of servers on demand: 2 needed and 8 in use, of 8');
  });

  test('a stack that runs already is not in its own way', async () => {
    const instances = [1, 2, 3, 4].map(() => instance(own));
    const [found] = await asks({}, { instances });
    expect(found).toBe('ok: vCPUs of servers on demand: 2 needed and 0 in use, of 8');
  });

  test('another stack of the same project is', async () => {
    const Tags = [
      { Key: 'project', Value: 'strata' },
      { Key: 'stack', Value: 'stage' },
    ];
    const [found] = await asks({}, { instances: [instance({ Tags })] });
    expect(found).toContain('2 in use');
  });

  test('spot servers and families with a quota of their own do not count', async () => {
    const instances = [
      instance({ InstanceLifecycle: 'spot' }),
      instance({ InstanceType: 'g5.xlarge' }),
    ];
    const [found] = await asks({}, { instances });
    expect(found).toContain('0 in use');
  });

  test('that a release would exceed for a while are a warning', async () => {
    const app = servers({ group: 'app', count: 3, replacedSideBySide: true });
    const [found] = await asks({ servers: [app] });
    expect(found).toBe(
      'warning: vCPUs of servers on demand: 6 needed and 0 in use, of 8; a release needs 6 more for as long as it replaces servers',
    );
  });

  test('networks that are used up are an error', async () => {
    const found = await asks({}, { vpcs: [{}, {}, {}, {}, {}] });
    expect(found[2]).toBe('error: networks (VPCs): 1 needed and 5 in use, of 5');
  });

  test('that AWS does not tell are a warning', async () => {
    const clients = standIns({
      ...ec2,
      GetServiceQuotaCommand: awsError('NoSuchResourceException'),
      DescribeInstancesCommand: {},
      DescribeAddressesCommand: {},
      DescribeVpcsCommand: {},
    });
    expect((await run(quotas, {}, clients))[0]).toContain('AWS does not say how many there may be');
  });
});

describe('what AWS runs', () => {
  const rds = { instanceClass: 'db.r7g.large', version: '18', multiAz: true, instances: 2 };
  const elasticache = { id: 'strata-prod-queue-1', nodeType: 'cache.m7g.large', nodes: 2 };
  const [a, b] = ['eu-central-1a', 'eu-central-1b'];
  const option = (zones: readonly string[], more: object = {}) => ({
    ...{ EngineVersion: '18.1', StorageType: 'gp3', MultiAZCapable: true },
    AvailabilityZones: zones.map((Name) => ({ Name })),
    ...more,
  });
  const orderable = async (options: object[], wanted: object = {}) => {
    const [first, ...rest] = options;
    const DescribeOrderableDBInstanceOptionsCommand = ({ Marker }: Record<string, unknown>) =>
      Marker === undefined
        ? { OrderableDBInstanceOptions: first ? [first] : [], Marker: 'more' }
        : { OrderableDBInstanceOptions: rest };
    const clients = standIns({ DescribeOrderableDBInstanceOptionsCommand });
    return (await run(managed, { rds: { ...rds, ...wanted } }, clients))[0];
  };

  test('is orderable, on whichever page that stands', async () => {
    expect(await orderable([option([a]), option([b])])).toBe(
      'ok: RDS: db.r7g.large with Postgres 18 in eu-central-1a and eu-central-1b',
    );
  });

  test.each<[string, object[], string]>([
    ['of another major', [option([a, b], { EngineVersion: '17.6' })], 'in no zone of region'],
    ['of another storage', [option([a, b], { StorageType: 'io1' })], 'in no zone of region'],
    ['without standbys', [option([a, b], { MultiAZCapable: false })], 'in no zone of region'],
    ['elsewhere', [option(['eu-central-1c'])], 'and in none of eu-central-1a, eu-central-1b'],
    ['in one zone', [option([a])], 'its standby needs another zone than eu-central-1a'],
  ])('is an error where it can be had only %s', async (_, options, says) => {
    const found = await orderable(options);
    expect(found).toMatch(/^error: RDS has db.r7g.large with Postgres 18 in /);
    expect(found).toContain(says);
  });

  test('may stand in one zone where it has no standby, which is a warning', async () => {
    const found = await orderable([option([b], { MultiAZCapable: false })], { multiAz: false });
    expect(found).toMatch(
      /^warning: .*, so it cannot stand in all of eu-central-1a, eu-central-1b/,
    );
  });

  test('is not known beforehand of ElastiCache', async () => {
    expect(await run(managed, { elasticache }, standIns({}))).toEqual([
      'warning: ElastiCache: whether it has cache.m7g.large in these zones, AWS does not say beforehand',
    ]);
  });

  test('is not asked for where servers run everything', async () => {
    expect(await run(managed, {}, standIns({}))).toEqual([]);
  });

  test('counts to quotas, but for what the stack has itself', async () => {
    const TagList = Object.entries(subject().tags).map(([Key, Value]) => ({ Key, Value }));
    const paged = (name: string, all: object[]) => (input: Record<string, unknown>) =>
      input.Marker === undefined
        ? { [name]: all.slice(0, 1), Marker: 'more' }
        : { [name]: all.slice(1) };
    const clients = standIns({
      ...ec2,
      GetServiceQuotaCommand: ({ QuotaCode }: Record<string, unknown>) => ({
        Quota: { Value: QuotaCode === 'L-DFE45DF3' ? 4 : 40 },
      }),
      ...{ DescribeInstancesCommand: {}, DescribeAddressesCommand: {}, DescribeVpcsCommand: {} },
      DescribeDBInstancesCommand: paged('DBInstances', [{ TagList }, {}, { TagList: [] }]),
      DescribeCacheClustersCommand: paged('CacheClusters', [
        { ReplicationGroupId: elasticache.id, NumCacheNodes: 1 },
        { ReplicationGroupId: 'strata-stage-queue-1', NumCacheNodes: 1 },
        { NumCacheNodes: 2 },
      ]),
    });
    expect((await run(quotas, { rds, elasticache }, clients)).slice(3)).toEqual([
      'ok: instances of RDS: 2 needed and 2 in use, of 40',
      'error: nodes of ElastiCache: 2 needed and 3 in use, of 4',
    ]);
  });
});

describe('the image', () => {
  const asks = (answer: object | Error) =>
    run(image, {}, standIns({ GetParameterCommand: answer }));

  test('that there is is named', async () => {
    expect(await asks({ Parameter: { Value: 'ami-1' } })).toEqual(['ok: Ubuntu 24.04: ami-1']);
  });

  test('that there is not is an error', async () => {
    const [found] = await asks(awsError('ParameterNotFound'));
    expect(found).toContain('error: Canonical publishes no Ubuntu 24.04 in region eu-central-1');
  });

  test.each<[string, object, string]>([
    [
      'is there',
      { Images: [{ State: 'available', Architecture: 'x86_64', Name: 'ours' }] },
      'ok: ours: ami-0123',
    ],
    ['is not there', { Images: [] }, 'error: ami-0123 is not there for this account in region'],
    ['is not ready', { Images: [{ State: 'pending' }] }, 'error: ami-0123 is not there'],
    [
      'is for another processor',
      { Images: [{ State: 'available', Architecture: 'arm64' }] },
      'error: ami-0123 is for arm64, and images are built for x86_64',
    ],
  ])('that the settings name and that %s is told', async (_what, answer, says) => {
    const clients = standIns({ DescribeImagesCommand: answer });
    const [found] = await run(image, { image: 'ami-0123' }, clients);
    expect(found).toContain(says);
  });
});

describe('the domain', () => {
  const zone = (Name: string, PrivateZone = false) => ({
    HostedZone: { Name, Config: { PrivateZone } },
    DelegationSet: { NameServers: ['ns-1.example.net', 'ns-2.example.net'] },
  });
  const asks = (what: Partial<Subject>, answer: object | Error, servers = ['ns-1.example.net.']) =>
    run(
      dnsZone,
      { dnsZone: 'Z1', ...what },
      standIns({ GetHostedZoneCommand: answer }, { nameServers: () => Promise.resolve(servers) }),
    );

  test.each(['example.org', 'app.example.org'])('%s is held by its zone', async (domain) => {
    expect(await asks({ domain }, zone('example.org.'))).toEqual([
      `ok: ${domain} in zone example.org`,
    ]);
  });

  test.each<[string, string, object | Error, string[], string]>([
    ['of another zone', 'notexample.org', zone('example.org.'), [], 'is that of example.org'],
    ['of a private zone', 'example.org', zone('example.org.', true), [], 'is private'],
    [
      'of a zone that nobody asks',
      'example.org',
      zone('example.org.'),
      ['ns.elsewhere.net'],
      'the world asks ns.elsewhere.net about example.org',
    ],
    ['that nobody is told of', 'example.org', zone('example.org.'), [], 'the world asks nobody'],
    ['of no zone', 'example.org', awsError('NoSuchHostedZone'), [], 'has no hosted zone Z1'],
  ])('%s is an error', async (_, domain, answer, nameServers, says) => {
    const [found] = await asks({ domain }, answer, nameServers);
    expect(found).toMatch(/^error: /);
    expect(found).toContain(says);
  });

  test('without a zone is a warning', async () => {
    const [found] = await run(dnsZone, {}, standIns({}));
    expect(found).toMatch(/^warning: no hosted zone is given/);
  });
});

describe('a certificate', () => {
  const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/1';
  const names = ['example.org', '*.example.org'];
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000 + 60_000);
  const asks = (given: object, at = arn) =>
    run(
      certificate,
      { certificate: at },
      standIns({
        DescribeCertificateCommand: {
          Certificate: { Status: 'ISSUED', SubjectAlternativeNames: names, ...given },
        },
      }),
    );

  test.each<[string, object, string]>([
    ['issued for the domain is fine', {}, 'ok: issued for example.org and *.example.org'],
    ['that waits is an error', { Status: 'PENDING_VALIDATION' }, 'error: it is PENDING_VALIDATION'],
    [
      'without the subdomains is an error',
      { SubjectAlternativeNames: ['example.org'] },
      'error: it has no *.example.org, only example.org',
    ],
    ['that ends soon is a warning', { NotAfter: inDays(10) }, 'warning: it ends in 10 days'],
    [
      'that ends soon and is renewed is fine',
      { NotAfter: inDays(10), RenewalEligibility: 'ELIGIBLE' },
      'ok:',
    ],
  ])('%s', async (_, given, says) => {
    expect((await asks(given))[0]).toContain(says);
  });

  test('of another region is an error, and nobody is asked', async () => {
    const [found] = await run(
      certificate,
      { certificate: arn.replace('eu-central-1', 'us-east-1') },
      standIns({}),
    );
    expect(found).toContain('is of region us-east-1');
  });

  test('that is not given is not looked at', async () => {
    expect(await run(certificate, {}, standIns({}))).toEqual([]);
  });
});

describe('this machine', () => {
  test('has the programs, or a warning for each that is missing', async () => {
    const version = (program: string) =>
      Promise.resolve(program === 'aws' ? 'aws-cli/2.30' : undefined);
    expect(await run(localPrograms, {}, standIns({}, { version }))).toEqual([
      'ok: AWS’s command line: aws-cli/2.30',
      'warning: the Session Manager plugin is not installed, and nobody reaches a server’s shell without it',
    ]);
  });
});

describe('all together', () => {
  const everything = {
    GetCallerIdentityCommand: { Account: '1', Arn: 'arn:aws:iam::1:user/ann' },
    DescribeAvailabilityZonesCommand: {
      AvailabilityZones: ['eu-central-1a', 'eu-central-1b'].map((ZoneName) => ({
        ZoneName,
        State: 'available',
      })),
    },
    ...ec2,
    GetServiceQuotaCommand: { Quota: { Value: 100 } },
    DescribeInstancesCommand: {},
    DescribeAddressesCommand: {},
    DescribeVpcsCommand: {},
    GetParameterCommand: { Parameter: { Value: 'ami-1' } },
  };

  test('everything is looked at', async () => {
    const found = await preflight(subject(), standIns(everything));
    expect([...new Set(found.map(({ check }) => check))]).toEqual([
      'this machine',
      'credentials',
      'zones',
      'instance types',
      'quotas',
      'image',
      'domain',
    ]);
    expect(found.some(({ level }) => level === 'error')).toBe(false);
  });

  test('without credentials AWS is asked nothing else, and what can be looked at is', async () => {
    const clients = standIns({ GetCallerIdentityCommand: awsError('CredentialsProviderError') });
    const found = await preflight(subject(), clients);
    expect(found.map(({ check, level }) => `${check}: ${level}`)).toEqual([
      'this machine: ok',
      'this machine: ok',
      'credentials: error',
    ]);
  });

  test('a check that may not look hides no other, and says which permissions it takes', async () => {
    const denied = {
      ...everything,
      GetServiceQuotaCommand: awsError('AccessDeniedException'),
      GetParameterCommand: awsError('InternalServerError', 'try later'),
      DescribeAvailabilityZonesCommand: awsError('AuthFailure'),
    };
    const found = await preflight(subject(), standIns(denied));
    const errors = found.filter(({ level }) => level === 'error');
    expect(errors.map(({ check, says }) => `${check}: ${says}`)).toEqual([
      'zones: region eu-central-1 does not take these credentials',
      'quotas: these credentials may not look at it',
      'image: cannot be looked at: try later',
    ]);
    expect(errors[1]?.advice).toContain('servicequotas:GetServiceQuota');
    expect(found.some(({ check, level }) => check === 'instance types' && level === 'ok')).toBe(
      true,
    );
  });
});

test('each check stands in docs/preflight.md, with the permissions that it takes', () => {
  const rows = readFileSync('docs/preflight.md', 'utf8')
    .split('\n')
    .flatMap(
      (line) => /^\| (\S.*?) +\| .+ \| (none|`.+`) +\|$/.exec(line)?.slice(1).join(': ') ?? [],
    );
  const checks = [identity, ...there, ...here].map(({ name, permissions }) => {
    const named = permissions.map((permission) => `\`${permission}\``).join(', ');
    return `${name}: ${named || 'none'}`;
  });
  expect(rows).toEqual(checks);
});

describe('what the settings ask for', () => {
  const tags = { project: 'strata', stack: 'prod' };
  const wanted = (config: Record<string, unknown>) =>
    subjectOf(tags, settingsOf({ target: 'aws', domain: 'example.org', ...config }));

  test('one server has one address and is in the first zone', () => {
    const { servers: all, addresses, zones: where } = wanted({ tier: 'single' });
    expect(all).toMatchObject([
      { group: 'server', count: 1, replacedSideBySide: false, zones: ['eu-central-1a'] },
    ]);
    expect(all[0]?.memory).toBeGreaterThan(1024);
    expect({ addresses, where }).toEqual({
      addresses: 1,
      where: ['eu-central-1a', 'eu-central-1b'],
    });
  });

  test('what AWS runs is wanted of RDS and ElastiCache, and nothing of it otherwise', () => {
    expect(wanted({ tier: 'single' })).not.toHaveProperty('rds');
    expect(wanted({ tier: 'single' })).not.toHaveProperty('elasticache');
    const aws = {
      dnsZone: 'Z0123456',
      database: 'rds',
      rds: { replicas: 2 },
      cache: 'elasticache',
    };
    expect(wanted({ tier: 'load-balanced', aws, database: { memory: '8G' } })).toMatchObject({
      rds: { instanceClass: 'db.r7g.xlarge', version: '18', multiAz: true, instances: 3 },
      elasticache: { id: 'strata-prod-queue-1', nodeType: 'cache.m7g.large', nodes: 2 },
    });
  });

  test('like servers are in all zones, and gateways have the addresses', () => {
    const aws = { zones: ['eu-central-1a', 'eu-central-1c'], nat: 'per-zone', dnsZone: 'Z0123456' };
    const { servers: all, addresses, dnsZone: zone } = wanted({ tier: 'load-balanced', aws });
    expect(all.map(({ group, zones: where }) => [group, where.length])).toEqual([
      ['data', 1],
      ['operations', 1],
      ['app', 2],
    ]);
    expect(all[2]).toMatchObject({ count: 3, replacedSideBySide: true });
    expect({ addresses, zone }).toEqual({ addresses: 2, zone: 'Z0123456' });
  });
});
