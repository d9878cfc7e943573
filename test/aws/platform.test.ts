import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kill, processesAbout } from '../support/processes';
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

  async function deploy(tier: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    stack.configure({ 'strata:tier': tier, ...more });
    await stack.succeed('up');
    all = await stack.resources();
  }

  /** Not even by an image that Canonical has published since. */
  async function expectNoChanges(): Promise<void> {
    servers.image = 'ami-0fedcba9876543210';
    await stack.pulumi('preview', '--expect-no-changes');
    servers.image = undefined;
  }

  /** Ends everything about a deployment at a line that it writes. */
  async function cutPower(tier: string, at: RegExp): Promise<void> {
    stack.configure({ 'strata:tier': tier });
    const up = stack.begin('up');
    await up.line(at);
    for (const { pid } of processesAbout(stack.workspace.folder)) kill(pid);
    expect((await up.ended).code).not.toBe(0);
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

    beforeAll(() => {
      before = ids(lasting);
    });

    test('goes back to one server when a release fails there', async () => {
      stack.configure({ 'strata:tier': 'split' });
      servers.wellReleased = false;
      const { code, stdout, stderr } = await stack.run('up');
      servers.wellReleased = true;
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain('release failed');
      expect(await cloud.attached()).toMatchObject({ 'database-1': 'data' });

      await deploy('single');
      expect(ids(lasting)).toEqual(before);
      expect(await cloud.attached()).toMatchObject({ 'database-1': 'server' });
      expect(await cloud.running()).toEqual({ server: 'running' });
    });

    test('is the same data, network and credentials, though the power fails on the way', async () => {
      await cutPower('split', /VolumeAttachment database-1 (delet|creat)(ing|ed) \(/);
      await deploy('split');
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

    test('puts back what somebody changed by hand', async () => {
      const { app = '', data = '' } = ids([server]);
      await cloud.stop(app);
      await cloud.detach(ids(['aws:ebs/volume:Volume'])['queue-1'] ?? '', data);
      const doors = await cloud.shut();
      expect(doors).toBeGreaterThan(0);
      await stack.succeed('up');
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
      expect(await cloud.attached()).toMatchObject({ 'queue-1': 'data' });
      expect(await cloud.open()).toHaveLength(doors);
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

    test('replaces servers of another release, and nothing else', async () => {
      const [old, groups] = [await servers.scaled(), of('aws:autoscaling/group:Group')];
      const kept = ids([...lasting, server]);
      await deploy('load-balanced', { 'strata:limits': { user: { perMinute: 700, burst: 60 } } });
      expect(servers.refreshed).toBe(1);
      const now = await servers.scaled();
      expect(now).toHaveLength(old.length);
      expect(now.filter((id) => old.includes(id))).toEqual([]);
      expect(of('aws:autoscaling/group:Group').map(({ id }) => id)).toEqual(
        groups.map(({ id }) => id),
      );
      expect(ids([...lasting, server])).toEqual(kept);
    });
  });

  describe('back on two servers', () => {
    test('is the same data, network, credentials and data server', async () => {
      const { operations: _operations, ...others } = ids([...lasting, server]);
      await deploy('split');
      expect(ids([...lasting, server])).toMatchObject(others);
      expect(await cloud.attached()).toMatchObject({ 'database-1': 'data', 'exports-1': 'app' });
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
    });
  });

  describe('destroyed', () => {
    test('keeps its data, which nobody named', async () => {
      const volumes = Object.values(ids(['aws:ebs/volume:Volume']));
      await stack.succeed('destroy', '--yes');
      expect(await cloud.rest()).toEqual(expect.arrayContaining(volumes));
      expect(await cloud.running()).toEqual({});
    });

    test('leaves nothing when its data goes too', async () => {
      await stack.succeed('destroy', '--yes', '--with-data');
      expect(await cloud.rest()).toEqual([]);
    });
  });
});
