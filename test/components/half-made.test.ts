import type { Stack } from '@pulumi/pulumi/automation';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findHalfMade, isPut, type HalfMade } from '../../engine/half-made';
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

const volume = halfMade('aws:ebs/volume:Volume', 'database-1', {
  tags: { Name: 'strata-prod-database-1' },
});
const server = halfMade('aws:ec2/instance:Instance', 'data', {
  tags: { Name: 'strata-prod-data' },
});

const provider = { urn: 'x', type: 'pulumi:providers:aws', inputs: { region } };

interface Deployment {
  readonly resources: readonly { readonly id?: string }[];
}

/** What is written back of a stack's state, and what people are told. */
async function settle(deployment: object): Promise<{ imported: Deployment; said: string }> {
  let imported: Deployment = { resources: [] };
  let said = '';
  const stack = {
    exportStack: () => Promise.resolve({ version: 3, deployment }),
    importStack: (state: { deployment: Deployment }) => {
      imported = state.deployment;
      return Promise.resolve();
    },
  } as unknown as Stack;
  const out = { note: (text: string) => (said += text) } as unknown as Terminal;
  await settlePendingCreates(stack, 'prod', out);
  return { imported, said };
}

describe('what a killed engine had asked for (a stand-in for EC2)', () => {
  let aws: AwsStandIn;
  let world: World;

  beforeEach(async () => {
    world = {};
    aws = await AwsStandIn.start({
      DescribeTags: ({ Filter }) => {
        const [{ Name, Value }] = Filter as [{ Name: string; Value: string[] }];
        const all = Object.entries(world).flatMap(([resourceId, [resourceType, tags]]) =>
          Object.entries(tags).map(([key, value]) => ({ resourceId, resourceType, key, value })),
        );
        const by = Name === 'value' ? 'value' : 'resourceId';
        return { tagSet: all.filter((tag) => Value.includes(tag[by])) };
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
    const bucket = halfMade('aws:s3/bucket:Bucket', 'storage-1', { bucket: 'storage-1-0a1b2c3' });
    expect(await ids([role, bucket])).toEqual(['strata-prod-data', 'storage-1-0a1b2c3']);
    expect(aws.calls).toEqual([]);
  });

  test('is what has its tags and the stack’s, and is in no state', async () => {
    const tags = { ...ours, Name: 'strata-prod-database-1' };
    world = {
      'vol-01new': ['volume', { ...tags, tier: 'split' }],
      'vol-02known': ['volume', tags],
      'vol-03other': ['volume', { ...tags, Name: 'strata-prod-queue-1' }],
      'vol-04foreign': ['volume', { ...tags, project: 'another' }],
      'vol-05stack': ['volume', { ...tags, stack: 'production' }],
      'snap-06': ['snapshot', tags],
    };
    expect(await ids([volume], ['vol-02known'])).toEqual(['vol-01new']);
  });

  test('is not guessed where two would fit, nor there where nothing does', async () => {
    const tags = { ...ours, Name: 'strata-prod-database-1' };
    expect(await ids([volume])).toEqual([]);
    world = { 'vol-01': ['volume', tags], 'vol-02': ['volume', tags] };
    expect(await ids([volume])).toEqual([]);
  });

  test('is not made again blindly while AWS cannot be asked', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    await expect(ids([volume])).rejects.toThrow(/AWS does not answer: ECONNREFUSED/);
  });

  test('is no server that has ended and is shown for a while', async () => {
    const tags = { ...ours, Name: 'strata-prod-data' };
    world = { 'i-01dead': ['instance', tags], 'i-02new': ['instance', tags] };
    expect(await ids([server])).toEqual(['i-02new']);
  });

  test('is taken into the state for the engine to look at; what cannot be told is named to people', async () => {
    world = { 'vol-01new': ['volume', { ...ours, Name: 'strata-prod-database-1' }] };
    const key = halfMade('aws:kms/key:Key', 'encryption-key', {});
    const policy = halfMade('aws:s3/bucketPolicy:BucketPolicy', 'storage-1', {});
    // Its old one goes when the new one is there: two of one URN would be no state.
    const old = { ...server, id: 'i-01old' };
    const deployment = {
      resources: [provider, old],
      pending_operations: [volume, key, policy, server].map((resource) => ({
        type: 'creating',
        resource: { ...resource, protect: true },
      })),
    };
    const { imported, said } = await settle(deployment);
    const taken = { ...volume, protect: true, id: 'vol-01new' };
    expect(imported).toEqual({ resources: [provider, old, taken], pending_operations: [] });
    expect(said.split('\n').slice(0, 4)).toEqual([
      'The last run was ended while it created resources: they are looked at again.',
      '  - database-1 (aws:ebs/volume:Volume) is taken up if AWS has made it: vol-01new',
      '  - encryption-key (aws:kms/key:Key) is made again',
      '  - data (aws:ec2/instance:Instance) is made again',
    ]);
    expect(said).toContain('the tags project=strata and stack=prod');
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
    ['aws:backup/vault:Vault', false],
    ['aws:kms/key:Key', false],
  ])('%s can be asked for twice: %s', (type, can) => {
    expect(isPut(halfMade(type, 'x', {}))).toBe(can);
  });
});
