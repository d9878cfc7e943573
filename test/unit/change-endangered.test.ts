import { afterEach, describe, expect, test, vi } from 'vitest';
import { endangered, requireTokens } from '../../engine/change/endangered';
import type { Step } from '../../engine/change/steps';

const platform = 'urn:pulumi:prod::strata::strata:index:Platform$';

interface Given {
  readonly kinds: string;
  readonly name: string;
  readonly operation: string;
  readonly protect?: boolean;
  readonly because?: readonly string[];
  readonly from?: Record<string, unknown>;
  readonly to?: Record<string, unknown>;
}

function step({ kinds, name, operation, protect = true, because = [], from, to }: Given): Step {
  const type = kinds.split('$').at(-1) ?? '';
  const properties = (inputs: Record<string, unknown> = {}) => ({
    ...{ id: 'vol-1', type, inputs, protect },
  });
  return {
    operation,
    urn: `${platform}${kinds}::${name}`,
    type,
    name,
    before: properties(from),
    ...(operation !== 'delete' && { after: properties(to) }),
    because,
  };
}

const volume = { kinds: 'aws:ebs/volume:Volume', name: 'database-1' };
const password = { kinds: 'random:index/randomPassword:RandomPassword', name: 'jwt-key' };
const key = { kinds: 'strata:aws:Key$aws:kms/key:Key', name: 'encryption-key' };
const zone = {
  because: ['availabilityZone'],
  from: { availabilityZone: 'eu-central-1a' },
  to: { availabilityZone: 'eu-central-1b' },
};

function refusal(...steps: readonly Given[]): string {
  try {
    requireTokens('prod', endangered('prod', steps.map(step)));
  } catch (error) {
    return (error as Error).message;
  }
  return 'not refused';
}

afterEach(() => vi.unstubAllEnvs());

describe('a change that would lose data', () => {
  test('is refused with what, why, what to do and the token', () => {
    expect(refusal({ ...volume, ...zone, operation: 'replace' })).toBe(
      [
        'Stack "prod" would lose what holds its data, or opens it; nothing was done:',
        '  - database-1 (aws:ebs/volume:Volume) would be replaced, because availabilityZone changes from eu-central-1a to eu-central-1b',
        `        ${platform}aws:ebs/volume:Volume::database-1`,
        '        Put the region and the first of "strata:aws.zones" back: data cannot change its zone.',
        'To lose it for good, name each by its token (take a copy first):',
        '  STRATA_DELETE_DATA=prod/database-1 npm run up -- --stack prod',
      ].join('\n'),
    );
  });

  test('is told all at once, each once', () => {
    const said = refusal(
      { ...volume, ...zone, operation: 'create-replacement' },
      { ...volume, ...zone, operation: 'replace' },
      { ...volume, operation: 'delete-replaced' },
      { ...key, operation: 'delete' },
      { ...password, operation: 'replace', because: ['length'] },
    );
    expect(said.match(/would be/g)).toHaveLength(3);
    expect(said).toContain('encryption-key (aws:kms/key:Key) would be deleted');
    expect(said).toContain(
      'jwt-key (random:index/randomPassword:RandomPassword) would be replaced',
    );
    expect(said).toContain(
      'STRATA_DELETE_DATA=prod/database-1,prod/encryption-key:kms,prod/jwt-key',
    );
  });

  test.each([
    ['a volume', volume],
    ['a key', key],
    ['a password', password],
    ['a volume of Docker', { kinds: 'strata:docker:Volume', name: 'database-1' }],
    ['a folder of this machine', { kinds: 'strata:local:Volume', name: 'database-1' }],
    ['a database of Amazon', { kinds: 'aws:rds/instance:Instance', name: 'database-1' }],
    ['a bucket', { kinds: 'strata:aws:Files$aws:s3/bucket:Bucket', name: 'storage-1' }],
    ['the authority', { kinds: 'strata:tls:Authority', name: 'authority' }],
  ])('is refused for %s whose protection was taken off', (_, what) => {
    expect(refusal({ ...what, operation: 'delete', protect: false })).toContain('would be deleted');
  });

  test.each([
    [
      'what is protected of a kind that nobody has thought of',
      { kinds: 'aws:new:Thing', name: 'x' },
    ],
    ['what is protected below a tier', { kinds: 'strata:tiers:SplitDatabase$a:b:C', name: 'x' }],
  ])('is refused for %s', (_, what) => {
    expect(refusal({ ...what, operation: 'delete' })).toContain('would be deleted');
  });

  test('tells no secret', () => {
    const secret = { from: { result: '[secret]' }, to: { result: 'p w' } };
    const said = refusal({ ...password, ...secret, operation: 'replace', because: ['result'] });
    expect(said).toContain('replaced, because result changes\n');
  });
});

describe('a change that loses nothing', () => {
  test.each<[string, Given]>([
    ['a larger volume', { ...volume, operation: 'update' }],
    ['a new one', { ...volume, operation: 'create' }],
    [
      'a server',
      {
        kinds: 'strata:tiers:SingleServer$aws:ec2/instance:Instance',
        name: 'server',
        operation: 'replace',
        protect: false,
      },
    ],
    [
      'the bucket of releases',
      {
        kinds: 'strata:tiers:SingleServer$strata:aws:Bucket$aws:s3/bucket:Bucket',
        name: 'releases',
        operation: 'delete',
        protect: false,
      },
    ],
    [
      'a certificate',
      {
        kinds: 'strata:tls:Certificate',
        name: 'certificate-gateway',
        operation: 'replace',
        protect: false,
      },
    ],
    [
      'a tenant, which says itself how it goes',
      {
        kinds: 'strata:data:Schema$strata:database:Tenant',
        name: 'tenant-acme',
        operation: 'delete',
      },
    ],
  ])('is let through: %s', (_, given) => {
    expect(refusal(given)).toBe('not refused');
  });
});

describe('a token', () => {
  const lost = { ...volume, ...zone, operation: 'replace' };

  test('lets through what it names', () => {
    vi.stubEnv('STRATA_DELETE_DATA', 'dev/database-1, prod/database-1');
    expect(refusal(lost)).toBe('not refused');
  });

  test.each(['database-1', 'prod', 'dev/database-1', 'prod/database-10', 'prod/*', 'true', ''])(
    'lets nothing through as "%s"',
    (given) => {
      vi.stubEnv('STRATA_DELETE_DATA', given);
      expect(refusal(lost)).toContain('would be replaced');
    },
  );

  // A move from one kind of place to another leaves the name and changes the type.
  test.each([
    ['a volume, its RDS', 'database-1', 'aws:rds/instance:Instance', 'prod/database-1:rds'],
    [
      'a volume, its ElastiCache',
      'queue-1',
      'strata:aws:Cache$aws:elasticache/replicationGroup:ReplicationGroup',
      'prod/queue-1:elasticache',
    ],
    [
      'a volume, its bucket',
      'storage-1',
      'strata:aws:DataBucket$strata:aws:Bucket$aws:s3/bucket:Bucket',
      'prod/storage-1:s3',
    ],
    [
      'a bucket, the key that opens it',
      'storage-1',
      'strata:aws:DataBucket$aws:iam/accessKey:AccessKey',
      'prod/storage-1:iam',
    ],
  ])('names %s apart', (_, name, kinds, token) => {
    const other = { kinds, name, operation: 'delete' };
    const disk = { ...volume, name, operation: 'delete' };
    vi.stubEnv('STRATA_DELETE_DATA', `prod/${name}`);
    expect(refusal(disk)).toBe('not refused');
    const said = refusal(disk, other);
    expect(said.match(/would be/g)).toHaveLength(1);
    expect(said).toContain(`STRATA_DELETE_DATA=prod/${name},${token} npm run up`);
    vi.stubEnv('STRATA_DELETE_DATA', token);
    expect(refusal(other)).toBe('not refused');
    expect(refusal(disk)).toContain(`${name} (aws:ebs/volume:Volume) would be deleted`);
  });

  test('lets through nothing where it names some of them', () => {
    vi.stubEnv('STRATA_DELETE_DATA', 'prod/database-1');
    const said = refusal(lost, { ...key, operation: 'delete' });
    expect(said).toContain('encryption-key (aws:kms/key:Key) would be deleted');
    expect(said).not.toContain('database-1 (aws');
    expect(said).toContain('STRATA_DELETE_DATA=prod/database-1,prod/encryption-key:kms npm run up');
  });
});
