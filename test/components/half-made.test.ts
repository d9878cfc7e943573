import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findHalfMade, isPut, type HalfMade } from '../../engine/half-made';
import { holdingTypes } from '../../engine/deletion';
import { settlePendingCreates } from '../../engine/pending';
import type { Terminal } from '../../engine/terminal';
import { AwsStandIn } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';

const region = 'eu-central-1';

/** Id → kind and tags, as EC2 has them. */
type World = Readonly<Record<string, readonly [kind: string, tags: Record<string, string>]>>;

const ours = { project: 'strata', stack: 'prod' };

function halfMade(type: string, name: string, inputs: HalfMade['inputs']): HalfMade {
  return { urn: `urn:pulumi:prod::strata::strata:index:Platform$${type}::${name}`, type, inputs };
}

const network = halfMade('aws:ec2/vpc:Vpc', 'network', { tags: { Name: 'strata-prod' } });
const server = halfMade('aws:ec2/instance:Instance', 'data', {
  tags: { Name: 'strata-prod-data' },
});

const provider = { urn: 'x', type: 'pulumi:providers:aws', inputs: { region } };

interface Deployment {
  readonly resources: readonly { readonly id?: string }[];
}

/** What is written back of a stack's state, and what people are told; `states` come before it, one for each look. */
async function settle(
  deployment: object,
  ...states: object[]
): Promise<{ imported: Deployment; said: string }> {
  let imported: Deployment = { resources: [] };
  let said = '';
  const files: string[] = [];
  const pulumi = (words: readonly string[]) => {
    if (words[1] === 'import') {
      const { deployment: given } = JSON.parse(readFileSync(words.at(-1) ?? '', 'utf8')) as {
        deployment: Deployment;
      };
      imported = given;
      expect(statSync(words.at(-1) ?? '').mode & 0o077).toBe(0);
      files.push(words.at(-1) ?? '');
    }
    const stdout = JSON.stringify({ version: 3, deployment: states.shift() ?? deployment });
    return Promise.resolve({ code: 0, stderr: '', stdout });
  };
  const out = { note: (text: string) => (said += text) } as unknown as Terminal;
  await settlePendingCreates({ pulumi, stack: { name: 'prod' } }, out);
  expect(files.filter((file) => existsSync(file))).toEqual([]);
  return { imported, said };
}

describe('what a killed engine had asked for (a stand-in for EC2)', () => {
  let aws: AwsStandIn;
  let world: World;
  let rules: readonly Record<string, unknown>[];

  beforeEach(async () => {
    world = {};
    rules = [];
    aws = await AwsStandIn.start({
      DescribeTags: ({ Filter }) => {
        const [{ Name, Value }] = Filter as [{ Name: string; Value: string[] }];
        const all = Object.entries(world).flatMap(([resourceId, [resourceType, tags]]) =>
          Object.entries(tags).map(([key, value]) => ({ resourceId, resourceType, key, value })),
        );
        const by = Name === 'value' ? 'value' : 'resourceId';
        return { tagSet: all.filter((tag) => Value.includes(tag[by])) };
      },
      DescribeSecurityGroupRules: ({ Filter }) => {
        expect(Filter).toEqual([{ Name: 'group-id', Value: ['sg-01data'] }]);
        return { securityGroupRuleSet: rules };
      },
      DescribeInstances: ({ InstanceId }) => ({
        reservationSet: [
          {
            instancesSet: (InstanceId as string[]).map((instanceId) => ({
              instanceId,
              instanceState: { name: instanceId === 'i-01dead' ? 'terminated' : 'running' },
            })),
          },
        ],
      }),
    });
    stubEnvironment(aws);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await aws.stop();
  });

  const ids = async (all: readonly HalfMade[], known: readonly string[] = []) =>
    (await findHalfMade(all, region, known)).map(({ id }) => id);

  test('is there by its name, whether it is there or not: the engine looks', async () => {
    const role = halfMade('aws:iam/role:Role', 'data', { name: 'strata-prod-data' });
    const group = halfMade('aws:rds/subnetGroup:SubnetGroup', 'database-2', { name: 'database-2' });
    expect(await ids([role, group])).toEqual(['strata-prod-data', 'database-2']);
    expect(aws.calls).toEqual([]);
  });

  test('is never what holds data: nobody knows whose, nor of when', async () => {
    const tags = { ...ours, Name: 'strata-prod-database-1' };
    world = { 'vol-01': ['volume', tags] };
    const all = holdingTypes.map((type) =>
      halfMade(type, 'database-1', {
        ...{ tags: { Name: tags.Name }, name: 'x', identifier: 'x', bucket: 'x' },
        replicationGroupId: 'x',
      }),
    );
    expect(await ids(all)).toEqual([]);
  });

  test('is what has its tags and the stack’s, and is in no state', async () => {
    const tags = { ...ours, Name: 'strata-prod' };
    world = {
      'vpc-01new': ['vpc', { ...tags, tier: 'split' }],
      'vpc-02known': ['vpc', tags],
      'vpc-03other': ['vpc', { ...tags, Name: 'another' }],
      'vpc-04foreign': ['vpc', { ...tags, project: 'another' }],
      'vpc-05stack': ['vpc', { ...tags, stack: 'production' }],
      'subnet-06': ['subnet', tags],
    };
    expect(await ids([network], ['vpc-02known'])).toEqual(['vpc-01new']);
  });

  test('is not guessed where two would fit, where nothing does, nor by the stack’s tags alone', async () => {
    const tags = { ...ours, Name: 'strata-prod' };
    expect(await ids([network])).toEqual([]);
    world = { 'vpc-01': ['vpc', tags], 'vpc-02': ['vpc', tags] };
    expect(await ids([network])).toEqual([]);
    world = { 'vpc-01': ['vpc', tags] };
    expect(await ids([{ ...network, inputs: {} }])).toEqual([]);
    const twin = { ...network, urn: `${network.urn}-twin` };
    expect(await ids([network, twin])).toEqual([]);
  });

  test('is not made again blindly while AWS cannot be asked', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    await expect(ids([network])).rejects.toThrow(/AWS does not answer: ECONNREFUSED/);
  });

  test('is no server that has ended and is shown for a while', async () => {
    const tags = { ...ours, Name: 'strata-prod-data' };
    world = { 'i-01dead': ['instance', tags], 'i-02new': ['instance', tags] };
    expect(await ids([server])).toEqual(['i-02new']);
  });

  test('is the rule of a security group that permits the same, and is in no state', async () => {
    const type = 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule';
    const said = { groupId: 'sg-01data', isEgress: false, ipProtocol: 'tcp' };
    const port = { fromPort: 5432, toPort: 5432 };
    const from = (groupId: string) => ({ referencedGroupInfo: { groupId } });
    rules = [
      { ...said, ...port, ...from('sg-02app'), isEgress: true, securityGroupRuleId: 'sgr-egress' },
      { ...said, ...port, ...from('sg-03ops'), securityGroupRuleId: 'sgr-other-caller' },
      { ...said, fromPort: 80, toPort: 80, ...from('sg-02app'), securityGroupRuleId: 'sgr-port' },
      { ...said, ...port, cidrIpv4: '0.0.0.0/0', securityGroupRuleId: 'sgr-network' },
      { ...said, ...port, ...from('sg-02app'), securityGroupRuleId: 'sgr-same' },
    ];
    const rule = halfMade(type, 'data-from-app', {
      ...{ securityGroupId: 'sg-01data', description: 'Links', ipProtocol: 'tcp' },
      ...{ ...port, referencedSecurityGroupId: 'sg-02app' },
    });
    expect(await ids([rule])).toEqual(['sgr-same']);
    expect(await ids([rule], ['sgr-same'])).toEqual([]);
    rules = rules.slice(0, -1);
    expect(await ids([rule])).toEqual([]);
  });

  test('is a rule for every port by the way that AWS has to say it', async () => {
    const egress = 'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule';
    const out = { ipProtocol: '-1', cidrIpv4: '0.0.0.0/0' };
    const ports = { fromPort: -1, toPort: -1 };
    rules = [
      { groupId: 'sg-01data', isEgress: true, ...out, ...ports, securityGroupRuleId: 'sgr-out' },
    ];
    expect(await ids([halfMade(egress, 'out', { securityGroupId: 'sg-01data', ...out })])).toEqual([
      'sgr-out',
    ]);
  });

  test('is taken into the state for the engine to look at; what cannot be told is named to people', async () => {
    world = { 'vpc-01new': ['vpc', { ...ours, Name: 'strata-prod' }] };
    const volume = halfMade('aws:ebs/volume:Volume', 'database-1', {});
    const key = halfMade('aws:kms/key:Key', 'encryption-key', {});
    const policy = halfMade('aws:s3/bucketPolicy:BucketPolicy', 'storage-1', {});
    // Its old one goes when the new one is there: two of one URN would be no state.
    const old = { ...server, id: 'i-01old' };
    const deployment = {
      resources: [provider, old],
      pending_operations: [network, volume, key, policy, server].map((resource) => ({
        type: 'creating',
        resource: { ...resource, protect: true },
      })),
    };
    const { imported, said } = await settle(deployment);
    const taken = { ...network, protect: true, id: 'vpc-01new' };
    expect(imported).toEqual({ resources: [provider, old, taken], pending_operations: [] });
    expect(said.split('\n').slice(0, 5)).toEqual([
      'The last run was ended while it created resources: they are looked at again.',
      '  - network (aws:ec2/vpc:Vpc) is taken up if AWS has made it: vpc-01new',
      '  - database-1 (aws:ebs/volume:Volume) is made again',
      '  - encryption-key (aws:kms/key:Key) is made again',
      '  - data (aws:ec2/instance:Instance) is made again',
    ]);
    expect(said).toContain('the tags project=strata and stack=prod');
  });

  test('is left alone where another command changes the stack in this moment', async () => {
    const pending = { type: 'creating', resource: network };
    const before = { resources: [provider], pending_operations: [pending] };
    await expect(settle({ resources: [provider] }, before)).rejects.toThrow(
      'Stack "prod" was changed by another command meanwhile; nothing was done.',
    );
  });

  test.each([
    ['its predecessor’s place, before what needs it', [], ['door', 'server', 'alarm']],
    ['no place where what it needs stands behind that', ['alarm'], ['door', 'old', 'alarm']],
  ])('gets %s', async (_, dependencies, expected) => {
    world = { 'i-02new': ['instance', { ...ours, Name: 'strata-prod-data' }] };
    const others = ['door', 'alarm'].map((urn) => ({ urn, type: 'aws:x', id: urn }));
    const [door, alarm] = others;
    const deployment = {
      resources: [provider, door, { ...server, id: 'old', pendingReplacement: true }, alarm],
      pending_operations: [{ type: 'creating', resource: { ...server, dependencies } }],
    };
    const { imported } = await settle(deployment);
    const ids = imported.resources.slice(1).map(({ id }) => (id === 'i-02new' ? 'server' : id));
    expect(ids).toEqual(expected);
  });

  test.each([
    ['aws:s3/bucketPolicy:BucketPolicy', true],
    ['aws:s3/bucket:Bucket', false],
    ['aws:ec2/volumeAttachment:VolumeAttachment', true],
    ['aws:autoscaling/lifecycleHook:LifecycleHook', true],
    ['aws:autoscaling/group:Group', false],
    ['aws:backup/vault:Vault', false],
    ['aws:kms/key:Key', false],
  ])('%s can be asked for twice: %s', (type, can) => {
    expect(isPut(halfMade(type, 'x', {}))).toBe(can);
  });
});
