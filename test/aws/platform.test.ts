import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cloud } from './support/cloud';
import { Servers } from './support/servers';
import { CloudStack, whyNoStack, type StateResource } from './support/stack';

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
const server = 'aws:ec2/instance:Instance';

describe.skipIf(reason)('a platform on AWS (moto, and a stand-in for its servers)', () => {
  const servers = new Servers(() => stack);
  let stack: CloudStack;
  let cloud: Cloud;
  let all: readonly StateResource[];

  beforeAll(async () => {
    stack = await CloudStack.create(servers.operations);
    cloud = new Cloud(stack);
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
    stack.configure({ 'strata:tier': tier });
    await stack.succeed('up');
    all = await stack.resources();
  }

  /** Not even by an image that Canonical has published since. */
  async function expectNoChanges(): Promise<void> {
    servers.image = 'ami-0fedcba9876543210';
    await stack.pulumi('preview', '--expect-no-changes');
    servers.image = undefined;
  }

  describe('on one server', () => {
    beforeAll(() => deploy('single'));

    test('has its volumes on it', async () => {
      expect(await cloud.attached()).toEqual({
        'database-1': 'server',
        'queue-1': 'server',
        'exports-1': 'server',
      });
    });

    test('protects what keeps data', () => {
      const kept = ['aws:ebs/volume:Volume', 'aws:kms/key:Key'].flatMap(of);
      expect(kept.map(({ protect }) => protect)).toEqual([true, true, true, true]);
    });

    test('has changed nothing when it is deployed again', expectNoChanges);
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
      expect(await cloud.attached()).toEqual({
        'database-1': 'data',
        'queue-1': 'data',
        'exports-1': 'app',
      });
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
    });

    test('has changed nothing when it is deployed again', expectNoChanges);

    test('starts a server that was stopped', async () => {
      await cloud.stop(ids([server]).app ?? '');
      await stack.succeed('up');
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
    });
  });

  describe('behind a load balancer', () => {
    let before: Record<string, string | undefined>;

    beforeAll(async () => {
      before = ids([...lasting, server]);
      await deploy('load-balanced');
    });

    test('is the same data, network, credentials and data server', () => {
      const { app: _app, ...others } = before;
      expect(ids([...lasting, server])).toMatchObject(others);
      expect(ids([server])).not.toHaveProperty('app');
    });

    test('has moved what operators keep', async () => {
      expect(await cloud.attached()).toEqual({
        'database-1': 'data',
        'queue-1': 'data',
        'exports-1': 'operations',
      });
    });

    test('has changed nothing when it is deployed again', expectNoChanges);
  });
});
