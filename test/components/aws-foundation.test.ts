import { beforeAll, describe, expect, test } from 'vitest';
import type { TierName } from '../../components/settings/schema';
import {
  boundary,
  foundation,
  groups,
  ofType,
  one,
  statementsOf,
  words,
  type PolicyStatement,
  arnOf,
} from '../support/aws';
import type { Registered } from '../support/graph';

const tiers: TierName[] = ['single', 'split', 'load-balanced'];
const cases = tiers.flatMap((tier) => [
  [tier, 'applied', false] as const,
  [tier, 'previewed', true] as const,
]);

describe.each(cases)('around the servers of %s, %s', (tier, _, preview) => {
  let all: Registered[];

  beforeAll(async () => {
    all = await foundation(tier, preview);
  });

  test('every resource is a child of a component, and no name is taken twice', () => {
    const components = new Set(
      all.filter(({ type }) => type.startsWith('strata:aws:')).map(({ urn }) => urn),
    );
    const custom = all.filter((made) => made.custom);
    for (const { parent } of custom) expect(components).toContain(parent);
    expect(new Set(all.map(({ urn }) => urn)).size).toBe(all.length);
    expect(custom.length).toBeGreaterThan(50);
  });

  test('what AWS calls them fits its limits', () => {
    const most: Record<string, number> = {
      'iam/role:Role': 64,
      'lb/loadBalancer:LoadBalancer': 32,
      'lb/targetGroup:TargetGroup': 32,
    };
    for (const { type, inputs } of all) {
      const { name } = inputs;
      if (typeof name !== 'string' || type.includes('route53')) continue;
      expect(name.length).toBeLessThanOrEqual(most[type.replace('aws:', '')] ?? 128);
    }
  });

  test('what holds data or logs is encrypted by the one key', () => {
    const key: unknown = preview ? expect.anything() : arnOf('kms/key:Key', 'key');
    for (const { kmsKeyId } of Object.values(ofType(all, 'cloudwatch/logGroup:LogGroup'))) {
      expect(kmsKeyId).toEqual(key);
    }
    for (const { kmsMasterKeyId } of Object.values(ofType(all, 'sns/topic:Topic'))) {
      expect(kmsMasterKeyId).toEqual(key);
    }
    const encryption = 's3/bucketServerSideEncryptionConfiguration';
    const buckets = ofType(all, `${encryption}:BucketServerSideEncryptionConfiguration`);
    expect(buckets.releases).toMatchObject({
      rules: [
        { applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key } },
      ],
    });
    expect(Object.keys(buckets)).toEqual(Object.keys(ofType(all, 's3/bucket:Bucket')));
  });

  test('the key turns, is protected, and goes only 30 days after it was told to', () => {
    const key = one(all, 'kms/key:Key', 'key');
    expect(key.protect).toBe(true);
    expect(key.inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    expect(all.filter(({ protect }) => protect)).toEqual([key]);
  });

  test('buckets are closed to the public, owned by the account, and keep versions', () => {
    for (const name of Object.keys(ofType(all, 's3/bucket:Bucket'))) {
      const block = one(all, 's3/bucketPublicAccessBlock:BucketPublicAccessBlock', name);
      expect(block.inputs).toMatchObject({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      const owner = one(all, 's3/bucketOwnershipControls:BucketOwnershipControls', name);
      expect(owner.inputs.rule).toEqual({ objectOwnership: 'BucketOwnerEnforced' });
      const versions = one(all, 's3/bucketVersioning:BucketVersioning', name);
      expect(versions.inputs.versioningConfiguration).toEqual({ status: 'Enabled' });
      one(all, 's3/bucketPolicy:BucketPolicy', name);
    }
  });

  test('every role stays within the boundary', () => {
    const roles = ofType(all, 'iam/role:Role');
    expect(Object.keys(roles).sort()).toEqual([
      'alarms-notifier',
      'network-flow',
      ...groups[tier].map(({ name }) => `role-${name}`).sort(),
    ]);
    for (const { permissionsBoundary } of Object.values(roles)) {
      expect(permissionsBoundary).toBe(boundary);
    }
  });
});

describe.each(tiers)('the policies of %s', (tier) => {
  let statements: ReturnType<typeof statementsOf>;

  beforeAll(async () => {
    statements = statementsOf(await foundation(tier, false));
  });

  test('allow no action by a wildcard but the key to its account', () => {
    const wide = statements.filter(
      ({ statement }) =>
        statement.Effect === 'Allow' && words(statement.Action).some((word) => word.endsWith('*')),
    );
    const actions = wide.map(({ of, statement }) => `${of}: ${String(statement.Sid)}`);
    expect(actions).toEqual([
      'Key key: Account',
      'Key key: Logs',
      'Key key: Alarms',
      'Key key: Events',
    ]);
    // A family of KMS's actions that differ in what they answer only, as AWS's own policies have them.
    const family = wide
      .slice(1)
      .flatMap(({ statement }) => words(statement.Action))
      .filter((word) => word.endsWith('*'));
    expect(new Set(family)).toEqual(new Set(['kms:GenerateDataKey*', 'kms:ReEncrypt*']));
  });

  test('name what they are about, but for actions that AWS has nothing narrower for', () => {
    const wide = statements.filter(
      ({ of, statement }) => words(statement.Resource).includes('*') && of !== 'Key key',
    );
    expect(wide.map(({ of, statement }) => `${of}: ${String(statement.Sid)}`)).toEqual(
      groups[tier]
        .flatMap(({ name }) =>
          ['HearFromSystemsManager', 'LogInToRegistry'].map(
            (one) => `RolePolicy role-${name}: ${one}`,
          ),
        )
        .sort(),
    );
  });

  test('let nobody in without saying who', () => {
    for (const { of, statement } of statements) {
      if (statement.Effect === 'Deny' || !statement.Principal) continue;
      expect([of, JSON.stringify(statement.Principal)]).not.toEqual([
        of,
        expect.stringContaining('"*"'),
      ]);
    }
  });

  test('let services of AWS act for this account only', () => {
    const services = statements.filter(
      ({ of, statement }) =>
        JSON.stringify(statement.Principal ?? '').includes('amazonaws.com') &&
        // A server takes its role on by its instance profile, a function because it was made with it.
        !/^Role (role-|alarms-notifier$)/.test(of),
    );
    expect(services.length).toBeGreaterThan(2);
    for (const { statement } of services) {
      expect(JSON.stringify([statement.Condition, statement.Resource])).toContain('123456789012');
    }
  });

  test('let a server read its own release and its own secret, pull its own images, and nothing else', () => {
    for (const { name, balanced } of groups[tier]) {
      const own = statements.filter(({ of }) => of === `RolePolicy role-${name}`);
      const read: Partial<Record<string, PolicyStatement>> = Object.fromEntries(
        own.map(({ statement }) => [statement.Sid ?? '', statement]),
      );
      expect(Object.keys(read)).toEqual([
        'HearFromSystemsManager',
        'ReadRelease',
        'ReadSecret',
        'Decrypt',
        'LogInToRegistry',
        'PullImages',
        ...(balanced ? ['SayReady'] : []),
      ]);
      if (balanced) {
        expect(read.SayReady).toMatchObject({
          Action: 'autoscaling:CompleteLifecycleAction',
          Resource: `arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:*:autoScalingGroupName/strata-test-${name}`,
        });
      }
      expect(read.ReadRelease).toMatchObject({
        Action: ['s3:GetObject', 's3:GetObjectVersion'],
        Resource: `arn:aws:s3:::bucket-releases/releases/${name}.*`,
      });
      expect(read.ReadSecret).toMatchObject({
        Action: 'secretsmanager:GetSecretValue',
        Resource: `arn-of-secret-${name}`,
      });
      expect(read.Decrypt).toMatchObject({
        Action: 'kms:Decrypt',
        Resource: arnOf('kms/key:Key', 'key'),
        Condition: {
          StringEquals: {
            'kms:ViaService': [
              's3.eu-central-1.amazonaws.com',
              'secretsmanager.eu-central-1.amazonaws.com',
            ],
          },
        },
      });
    }
  });

  test('let nobody at a bucket without TLS', () => {
    const denied = statements.filter(({ statement }) => statement.Effect === 'Deny');
    expect(denied.map(({ of }) => of)).toEqual(
      tier === 'load-balanced'
        ? ['BucketPolicy balancer-log', 'BucketPolicy releases']
        : ['BucketPolicy releases'],
    );
    for (const { statement } of denied) {
      expect(statement).toMatchObject({
        Principal: '*',
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
      expect(words(statement.Resource)).toHaveLength(2);
    }
  });
});
