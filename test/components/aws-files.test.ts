import { beforeAll, describe, expect, test } from 'vitest';
import type { TierName } from '../../components/settings/schema';
import { boundary, ofType, one, statementsOf, words } from '../support/aws';
import type { Registered } from '../support/graph';
import { deploy, isSecret, reached } from '../support/platform';

const plainly = { 's3:x-amz-server-side-encryption': 'true' };
const off = { monitoring: { enabled: false } };

function configOf(tier: TierName, aws: object): Record<string, unknown> {
  return { tier, target: 'aws', domain: 'example.org', preset: 'standard', services: off, aws };
}

describe('files and backups on AWS', () => {
  let all: Registered[];

  beforeAll(async () => {
    all = await deploy(configOf('split', { permissionsBoundary: boundary }), false);
  }, 60_000);

  const arn = (name: string) => `arn:aws:s3:::bucket-${name}`;
  const statement = (of: string, sid: string) =>
    statementsOf(all).find((each) => each.of === of && each.statement.Sid === sid)?.statement;

  test('are in two buckets of the platform, which nothing empties, and no volume has them', () => {
    const kept = all.filter(({ type }) => type === 'strata:aws:DataBucket');
    expect(kept.map(({ name }) => name).sort()).toEqual(['backups-1', 'storage-1']);
    for (const { name, urn, parent } of kept) {
      expect(parent).toMatch(/strata:index:Platform::strata$/);
      const below = all.filter((made) => made.urn.includes('DataBucket') && made.name === name);
      expect(below.filter(({ protect }) => !protect)).toEqual([]);
      expect(one(all, 's3/bucket:Bucket', name).inputs.forceDestroy).toBe(false);
      expect(urn).not.toMatch(/tiers/);
    }
    expect(Object.keys(ofType(all, 'ebs/volume:Volume'))).not.toContain('storage-1');
  });

  test('are had back for 30 days, by whoever stole the key as well', () => {
    for (const name of ['backups-1', 'storage-1']) {
      const life = one(all, 's3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', name);
      expect(life.inputs.rules).toMatchObject([
        { noncurrentVersionExpiration: { noncurrentDays: 30 } },
      ]);
      expect(JSON.stringify(life.inputs.rules)).not.toContain('"days":');
      expect(statement(`BucketPolicy ${name}`, 'VersionsStay')).toEqual({
        Sid: 'VersionsStay',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteObjectVersion',
        Resource: `${arn(name)}/*`,
      });
    }
  });

  test('are opened by a key each, that opens nothing else and nothing from elsewhere', () => {
    for (const name of ['backups-1', 'storage-1']) {
      const own = statementsOf(all).filter(({ of }) => of === `UserPolicy ${name}`);
      const actions = own.flatMap(({ statement: { Action } }) => words(Action));
      expect(actions.sort()).toEqual([
        'kms:Decrypt',
        'kms:GenerateDataKey',
        's3:AbortMultipartUpload',
        's3:DeleteObject',
        's3:GetObject',
        's3:ListBucket',
        's3:ListMultipartUploadParts',
        's3:PutObject',
      ]);
      for (const { statement: allowed } of own) {
        const about = words(allowed.Resource);
        const ofKey = words(allowed.Action).some((action) => action.startsWith('kms:'));
        expect(allowed.Condition?.StringEquals).toEqual(
          ofKey
            ? {
                'kms:ViaService': 's3.eu-central-1.amazonaws.com',
                'kms:EncryptionContext:aws:s3:arn': arn(name),
              }
            : { 'aws:SourceVpc': 'network-id' },
        );
        if (!ofKey) for (const one of about) expect([arn(name), `${arn(name)}/*`]).toContain(one);
      }
      expect(statement(`UserPolicy ${name}`, 'Objects')?.Condition?.Null).toMatchObject(plainly);
    }
  });

  test('are read by their user alone, whatever others of the account may', () => {
    for (const name of ['backups-1', 'storage-1']) {
      const denied = statement(`BucketPolicy ${name}`, 'ReadByUser');
      expect(denied).toMatchObject({ Effect: 'Deny', Principal: '*' });
      expect(denied?.Condition).toEqual({
        ArnNotEquals: {
          'aws:PrincipalArn': expect.stringMatching(new RegExp(`/${name}$`)) as string,
        },
      });
    }
  });

  test('have users within the boundary, as every role is', () => {
    const bounded = { ...ofType(all, 'iam/user:User'), ...ofType(all, 'iam/role:Role') };
    expect(Object.keys(bounded)).toEqual(
      expect.arrayContaining(['storage-1', 'backups-1', 'backup', 'data', 'app']),
    );
    for (const [name, { permissionsBoundary }] of Object.entries(bounded)) {
      expect(permissionsBoundary, name).toBe(boundary);
    }
  });

  test('keep their keys in the secrets of the groups that need them', () => {
    for (const { inputs } of all.filter(({ type }) => type.endsWith(':SecretVersion'))) {
      expect(isSecret(inputs.secretString)).toBe(true);
    }
    const outside = all.filter(({ type }) => !type.endsWith(':SecretVersion'));
    expect(JSON.stringify(outside)).not.toContain('key-of-storage-1');
  });

  test('are on the volume where that is asked for, and then in no bucket', async () => {
    const made = await deploy(configOf('split', { storage: 'vm' }), false);
    expect(made.filter(({ type }) => type === 'strata:aws:DataBucket')).toEqual([]);
    expect(Object.keys(ofType(made, 'ebs/volume:Volume'))).toContain('storage-1');
    expect(Object.keys(ofType(made, 'iam/user:User'))).toEqual([]);
  });
});

describe('public files by CloudFront', () => {
  let all: Registered[];

  beforeAll(async () => {
    const gateway = { cors: { origins: ['https://shop.example.com'] } };
    const aws = { cdn: true, dnsZone: 'Z0123456789' };
    all = await deploy({ ...configOf('load-balanced', aws), gateway }, false);
  }, 60_000);

  const distribution = () => one(all, 'cloudfront/distribution:Distribution', 'cdn');
  const kept = () =>
    one(all, 'cloudfront/cachePolicy:CachePolicy', 'cdn').inputs
      .parametersInCacheKeyAndForwardedToOrigin;

  test('are asked of the gateway, which says what is public: no bucket is opened to it', () => {
    const { origins } = distribution().inputs;
    expect(origins).toEqual([
      {
        originId: 'gateway',
        domainName: 'example.org',
        customOriginConfig: {
          httpPort: 80,
          httpsPort: 443,
          originProtocolPolicy: 'https-only',
          originSslProtocols: ['TLSv1.2'],
        },
      },
    ]);
    expect(JSON.stringify(statementsOf(all))).not.toContain('cloudfront');
  });

  test('are nobody’s own: no cookie, token or query gets to the gateway, or into what is kept', () => {
    expect(kept()).toEqual({
      headersConfig: { headerBehavior: 'whitelist', headers: { items: ['Host'] } },
      cookiesConfig: { cookieBehavior: 'none' },
      queryStringsConfig: { queryStringBehavior: 'none' },
    });
    const behaviour = distribution().inputs.defaultCacheBehavior as Record<string, unknown>;
    expect(behaviour).not.toHaveProperty('originRequestPolicyId');
    expect(behaviour).not.toHaveProperty('forwardedValues');
    expect(distribution().inputs).not.toHaveProperty('orderedCacheBehaviors');
  });

  test('are not spoiled by who asks for them at CloudFront’s own name, where the gateway has none', () => {
    expect(JSON.stringify(kept())).toContain('"Host"');
  });

  test('are only read, by TLS 1.2 or newer, for five minutes', () => {
    const { inputs } = distribution();
    expect(inputs.defaultCacheBehavior).toMatchObject({
      allowedMethods: ['GET', 'HEAD'],
      viewerProtocolPolicy: 'redirect-to-https',
    });
    expect(inputs.viewerCertificate).toMatchObject({
      minimumProtocolVersion: 'TLSv1.2_2021',
      sslSupportMethod: 'sni-only',
    });
    expect(one(all, 'cloudfront/cachePolicy:CachePolicy', 'cdn').inputs).toMatchObject({
      minTtl: 0,
      defaultTtl: 0,
      maxTtl: 300,
    });
  });

  test('have one name alone, with a certificate for that from where CloudFront takes it', () => {
    expect(distribution().inputs.aliases).toEqual(['cdn.example.org']);
    const certificate = one(all, 'acm/certificate:Certificate', 'cdn-certificate').inputs;
    expect(certificate).toMatchObject({ region: 'us-east-1', domainName: 'cdn.example.org' });
    expect(certificate).not.toHaveProperty('subjectAlternativeNames');
    const issued = one(all, 'acm/certificateValidation:CertificateValidation', 'cdn-certificate');
    expect(issued.inputs.region).toBe('us-east-1');
    const others = one(all, 'acm/certificate:Certificate', 'certificate').inputs;
    expect(others).not.toHaveProperty('region');
  });

  test('are found there once the servers are ready', () => {
    const record = one(all, 'route53/record:Record', 'cdn');
    expect(record.inputs).toMatchObject({ name: 'cdn.example.org', type: 'A' });
    const rollout = all.find(({ type }) => type === 'strata:aws:Rollout');
    expect([...reached(all, record)]).toContain(rollout?.urn);
  });

  test('may be read by the web pages that the gateway names', () => {
    const policy = one(all, 'cloudfront/responseHeadersPolicy:ResponseHeadersPolicy', 'cdn');
    expect(policy.inputs.corsConfig).toMatchObject({
      accessControlAllowOrigins: { items: ['https://shop.example.com'] },
      accessControlAllowMethods: { items: ['GET', 'HEAD'] },
      originOverride: true,
    });
  });
});
