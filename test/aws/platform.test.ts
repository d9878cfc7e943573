import { EC2 } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { servers } from './support/servers';
import { CloudStack, region, whyNoStack, type StateResource } from './support/stack';

const reason = await whyNoStack();

/** What has to be the same resource whatever the tier is. */
const lasting = [
  'aws:ebs/volume:Volume',
  'aws:kms/key:Key',
  'aws:ec2/vpc:Vpc',
  'aws:ec2/subnet:Subnet',
  'aws:s3/bucket:Bucket',
  'random:index/randomPassword:RandomPassword',
];

describe.skipIf(reason)('a platform on AWS (moto, and a stand-in for its servers)', () => {
  let stack: CloudStack;
  let all: readonly StateResource[];

  beforeAll(async () => {
    stack = await CloudStack.create(servers(() => stack));
  });
  afterAll(() => stack.dispose());

  const ids = (types: readonly string[]): Record<string, string | undefined> =>
    Object.fromEntries(
      all
        .filter(({ type }) => types.includes(type))
        .map(({ urn, id }) => [urn.split('::').at(-1) ?? '', id] as const),
    );
  const of = (type: string) => all.filter((resource) => resource.type === type);

  async function deploy(tier: string): Promise<void> {
    stack.configure({
      'strata:tier': tier,
      'strata:services': { storage: { enabled: true }, backup: { enabled: true } },
      'strata:aws': { region, dnsZone: stack.zone, cdn: tier === 'load-balanced' },
    });
    await stack.succeed('up');
    all = await stack.resources();
  }

  /** Volume → the server that AWS says has it. */
  async function attached(): Promise<Record<string, string | undefined>> {
    const ec2 = new EC2({ region, endpoint: stack.moto.endpoint, credentials: stack.credentials });
    const { Volumes = [] } = await ec2.describeVolumes({});
    const { Reservations = [] } = await ec2.describeInstances({});
    const servers = Reservations.flatMap(({ Instances = [] }) => Instances);
    const nameOf = (tags: { Key?: string; Value?: string }[] | undefined) =>
      tags?.find(({ Key }) => Key === 'Name')?.Value?.replace('strata-cloud-', '');
    return Object.fromEntries(
      Volumes.filter(({ Tags }) => Tags?.some(({ Key }) => Key === 'service')).map((volume) => [
        nameOf(volume.Tags) ?? '',
        nameOf(
          servers.find(({ InstanceId }) => InstanceId === volume.Attachments?.[0]?.InstanceId)
            ?.Tags,
        ),
      ]),
    );
  }

  describe('on one server', () => {
    beforeAll(() => deploy('single'));

    test('has its volumes on it', async () => {
      expect(await attached()).toEqual({
        'database-1': 'server',
        'queue-1': 'server',
        'exports-1': 'server',
      });
    });

    test('protects what keeps data', () => {
      const kept = ['aws:ebs/volume:Volume', 'aws:kms/key:Key'].flatMap(of);
      expect(kept.map(({ protect }) => protect)).toEqual([true, true, true, true]);
    });

    test('has changed nothing when it is deployed again', async () => {
      await stack.pulumi('preview', '--expect-no-changes');
    });
  });

  describe('with its data on a server of their own', () => {
    let before: Record<string, string | undefined>;

    beforeAll(async () => {
      before = ids(lasting);
      await deploy('split');
    });

    test('is the same data, network and credentials', () => {
      expect(ids(lasting)).toMatchObject(before);
    });

    test('has moved the volumes to it, and the other server is gone', async () => {
      expect(await attached()).toEqual({
        'database-1': 'data',
        'queue-1': 'data',
        'exports-1': 'app',
      });
      expect(Object.keys(ids(['aws:ec2/instance:Instance'])).sort()).toEqual(['app', 'data']);
    });

    test('has changed nothing when it is deployed again', async () => {
      await stack.pulumi('preview', '--expect-no-changes');
    });

    test('starts a server that was stopped', async () => {
      const id = ids(['aws:ec2/instance:Instance']).app ?? '';
      const ec2 = new EC2({
        region,
        endpoint: stack.moto.endpoint,
        credentials: stack.credentials,
      });
      await ec2.stopInstances({ InstanceIds: [id] });
      await stack.succeed('up');
      const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
      expect(Reservations[0]?.Instances?.[0]?.State?.Name).toBe('running');
    });
  });

  describe('behind a load balancer', () => {
    let before: Record<string, string | undefined>;

    beforeAll(async () => {
      before = ids([...lasting, 'aws:ec2/instance:Instance']);
      await deploy('load-balanced');
    });

    test('is the same data, network, credentials and data server', () => {
      const { app: _app, ...others } = before;
      expect(ids([...lasting, 'aws:ec2/instance:Instance'])).toMatchObject(others);
      expect(ids(['aws:ec2/instance:Instance'])).not.toHaveProperty('app');
    });

    test('has moved what operators keep', async () => {
      expect(await attached()).toEqual({
        'database-1': 'data',
        'queue-1': 'data',
        'exports-1': 'operations',
      });
    });

    test('has changed nothing when it is deployed again', async () => {
      await stack.pulumi('preview', '--expect-no-changes');
    });
  });
});
