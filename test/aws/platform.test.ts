import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../engine/change/plan';
import type { Outputs } from '../../engine/outputs';
import { Cloud } from './support/cloud';
import { Servers } from './support/servers';
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
/** An image that Canonical publishes afterwards. */
const later = 'ami-0fedcba9876543210';
const accessKey = 'aws:iam/accessKey:AccessKey';
const server = 'aws:ec2/instance:Instance';
const group = 'aws:autoscaling/group:Group';
const template = 'aws:ec2/launchTemplate:LaunchTemplate';

/** A password has no id of its own: it is the same when it is the same text. */
function identity({ type, id, outputs }: StateResource): string | undefined {
  if (type !== 'random:index/randomPassword:RandomPassword') return id;
  expect(outputs?.result).toHaveProperty('plaintext');
  return createHash('sha256').update(JSON.stringify(outputs?.result)).digest('hex');
}

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
        .map((one) => [one.urn.split('::').at(-1) ?? '', identity(one)] as const),
    );
  /** With the keys of access, which are called as their buckets are. */
  const lastingIds = (): Record<string, string | undefined> => ({
    ...ids(lasting),
    ...Object.fromEntries(
      Object.entries(ids([accessKey])).map(([name, id]) => [`key of ${name}`, id]),
    ),
  });
  const of = (type: string) => all.filter((resource) => resource.type === type);

  function configure(tier: string, zones?: readonly string[], more: object = {}): void {
    const aws = { region, dnsZone: stack.zone, cdn: tier === 'load-balanced' };
    stack.configure({
      'strata:tier': tier,
      'strata:services': { storage: { enabled: true }, backup: { enabled: true } },
      'strata:aws': { ...aws, ...(zones && { zones }) },
      ...more,
    });
  }

  async function deploy(tier: string, more: object = {}): Promise<void> {
    configure(tier, undefined, more);
    await stack.succeed('up');
    all = await stack.resources();
  }

  /** Not even by an image that Canonical has published since. */
  async function expectNoChanges(): Promise<void> {
    servers.image = later;
    await stack.pulumi('preview', '--expect-no-changes');
    servers.image = undefined;
  }

  describe('on one server', () => {
    test('is there although its first up was interrupted, and nothing of it is there twice', async () => {
      configure('single');
      const about = /strata-cloud-database-1/;
      const { code, text } = await stack.interrupt('SIGINT', 'CreateVolume', about);
      expect(code, text).toBe(130);
      expect(text).toContain('"npm run up" continues from there');
      await deploy('single');
      expect(cloud.twice()).toEqual([]);
    });

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

    test('says what DNS records have to lead to', async () => {
      const [address] = of('aws:ec2/eip:Eip');
      const { entrance } = JSON.parse(await stack.succeed('status', '--json')) as Outputs;
      expect(entrance).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(entrance).toBe(address?.outputs?.publicIp);
    });

    test('has changed nothing when it is deployed again', expectNoChanges);

    test('is told before a change of tier what goes where, when nobody is answered, and what stays', async () => {
      configure('split');
      const migration = 'app/sql/900_orders.sql';
      stack.workspace.write(migration, 'create table later (id int primary key);\n');
      const { plan } = JSON.parse(await stack.succeed('preview', '--json')) as { plan: Plan };
      rmSync(stack.workspace.path(migration));
      expect(plan.migrations).toEqual(['app/900_orders']);
      const from = 'server';
      expect(plan.moves).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'database-1', from, to: 'data' }),
          expect.objectContaining({ name: 'queue-1', from, to: 'data' }),
          expect.objectContaining({ name: 'exports-1', from, to: 'app' }),
        ]),
      );
      expect(plan.moves).toHaveLength(3);
      expect(plan.pause).toMatchObject({ begins: 2, ends: 4, who: 'Nobody is answered' });
      expect(plan.kept).toMatchObject(ids(['aws:ebs/volume:Volume', 'aws:kms/key:Key']));
    });

    test('refuses another zone for its data before anything is done', async () => {
      configure('single', [`${region}b`, `${region}a`]);
      const { code, stdout, stderr } = await stack.run('up');
      expect(code).toBe(1);
      expect(stderr).toContain('Stack "cloud" would lose what holds its data');
      expect(stderr).toContain(
        'database-1 (aws:ebs/volume:Volume) would be replaced, because availabilityZone changes ' +
          `from ${region}a to ${region}b`,
      );
      expect(stderr).toContain('STRATA_DELETE_DATA=cloud/');
      expect(stdout).not.toContain('Updating');
    });
  });

  describe('with its data on a server of their own', () => {
    let before: Record<string, string | undefined>;

    test('is the same data, network and credentials, although power was lost twice on the way', async () => {
      before = lastingIds();
      configure('split');
      await stack.interrupt('SIGKILL', 'RunInstances', /"strata-cloud-data"/);
      const { text } = await stack.interrupt('SIGKILL', 'AttachVolume', /\/dev\/sdf/);
      expect(text).toMatch(
        /data \(aws:ec2\/instance:Instance\) is taken up if AWS has made it: i-/,
      );
      await deploy('split');
      expect(lastingIds()).toMatchObject(before);
      expect(cloud.twice()).toEqual([]);
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

    test('puts back what somebody changed by hand, and replaces nothing that holds data', async () => {
      before = ids([...lasting, server]);
      const of = (type: string, name: string) => ids([type])[name] ?? '';
      const volume = of('aws:ebs/volume:Volume', 'database-1');
      const bucket = of('aws:s3/bucket:Bucket', 'storage-1');
      const door = of('aws:ec2/securityGroup:SecurityGroup', 'doors-app');
      const rule = of(
        'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
        'doors-app-from-everybody-https',
      );
      const whole = await cloud.arrangement({ door, volume, bucket });
      expect(whole).toEqual({
        open: [80, 443],
        stack: 'cloud',
        shut: [true, true, true, true],
        versions: 'Enabled',
      });
      await cloud.disarrange({ server: of(server, 'app'), rule, volume, bucket });
      await deploy('split');
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
      expect(await cloud.arrangement({ door, volume, bucket })).toEqual(whole);
      expect(ids([...lasting, server])).toEqual(before);
    });

    test('gets a server that is gone back, with its volumes and from the newest image', async () => {
      const imageOf = (name: string) =>
        of(server).find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.ami;
      const former = imageOf('data');
      before = lastingIds();
      await cloud.terminate(ids([server]).app ?? '');
      servers.image = later;
      await deploy('split');
      servers.image = undefined;
      expect(await cloud.running()).toEqual({ data: 'running', app: 'running' });
      expect(await cloud.attached()).toMatchObject({ 'database-1': 'data', 'exports-1': 'app' });
      expect([imageOf('data'), imageOf('app')]).toEqual([former, later]);
      expect(lastingIds()).toEqual(before);
    });
  });

  describe('behind a load balancer', () => {
    let before: Record<string, string | undefined>;

    beforeAll(async () => {
      before = { ...lastingIds(), ...ids([server]) };
      await deploy('load-balanced');
    });

    test('is the same data, network, credentials and data server', () => {
      const { app: _app, ...others } = before;
      expect({ ...lastingIds(), ...ids([server]) }).toMatchObject(others);
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

    test('gets another release by another version of its template, from the newest image, and replaces no group', async () => {
      const there = () => [server, group, template, ...lasting].map((type) => ids([type]));
      const earlier = there();
      const images = () =>
        [template, server].map((type) =>
          of(type).map(({ outputs }) => outputs?.imageId ?? outputs?.ami),
        );
      const [[former] = [], data] = images();
      servers.image = later;
      await deploy('load-balanced', { 'strata:gateway': { limits: { perSecond: 60 } } });
      servers.image = undefined;
      expect(servers.refreshed).toEqual(['2']);
      expect(there()).toEqual(earlier);
      expect(former).not.toBe(later);
      expect(images()).toEqual([[later], data]);
    });
  });

  describe('back on one server', () => {
    let before: Record<string, string | undefined>;
    /** It goes with the balancer. */
    let log: string | undefined;

    beforeAll(async () => {
      ({ 'balancer-log': log, ...before } = lastingIds());
      await deploy('split');
    });

    test('has passed by the tier between, where its data had a server of their own again', async () => {
      expect(log).toMatch(/^balancer-log-/);
      expect(lastingIds()).toEqual(before);
      expect(await cloud.attached()).toMatchObject({ 'database-1': 'data', 'exports-1': 'app' });
      await deploy('single');
    });

    test('is the same data, network and credentials', async () => {
      expect(lastingIds()).toEqual(before);
      expect(await cloud.attached()).toEqual({
        'database-1': 'server',
        'queue-1': 'server',
        'exports-1': 'server',
      });
      expect(await cloud.running()).toEqual({ server: 'running' });
      expect(cloud.twice()).toEqual([]);
    });
  });

  describe('destroyed', () => {
    const volumes = ['database-1', 'exports-1', 'queue-1'].map((name) => `strata-cloud-${name}`);
    const key = 'Everything that strata-cloud-data keeps.';

    test('leaves its data and their credentials, and nothing else', async () => {
      const keys = [ids([accessKey]), ids(['aws:iam/user:User'])];
      const before = ids(lasting);
      await stack.succeed('destroy', '--yes');
      all = await stack.resources();
      const { network: _vpc, releases: _bucket, ...others } = before;
      const stay = Object.entries(others).filter(([name]) => !name.startsWith('network-'));
      expect(ids(lasting)).toEqual(Object.fromEntries(stay));
      expect([ids([accessKey]), ids(['aws:iam/user:User'])]).toEqual(keys);
      expect(cloud.inventory()).toEqual({
        'backup BackupVaultList': ['strata-cloud-backups'],
        'ec2 volumes': volumes,
        'iam Users': ['backups', 'storage'].map((what) => `strata-cloud-${what}-${region}`),
        'kms Enabled': [key],
        's3 Buckets': [expect.stringMatching(/^backups-1-/), expect.stringMatching(/^storage-1-/)],
      });
    });

    test('is gone with its data when that is asked for, but for last snapshots and a key that waits', async () => {
      await stack.succeed('destroy', '--yes', '--with-data');
      expect(await stack.resources()).toEqual([]);
      expect(cloud.inventory()).toEqual({
        'ec2 snapshots': volumes.map(() => ''),
        'kms PendingDeletion': [key],
      });
    });
  });
});
