import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../policy/rule';
import { rules } from '../../policy/rules';
import { notYetKnown, type Props } from '../../policy/values';
import { violationsOf } from '../../policy/violations';
import { document, good, resource } from '../support/policy';

/** A change of the good deployment. */
type Change = (resources: readonly Recorded[]) => Recorded[];

function edit(name: string, change: (found: Recorded) => Partial<Recorded>): Change {
  return (resources) => {
    expect(resources.filter((found) => found.name === name)).toHaveLength(1);
    return resources.map((found) => (found.name === name ? { ...found, ...change(found) } : found));
  };
}

/** Other values of some properties; `undefined` takes one away. */
function set(name: string, props: Props): Change {
  return edit(name, (found) => ({ props: { ...found.props, ...props } }));
}

function policy(name: string, ...statements: readonly object[]): Change {
  return set(name, { policy: document(...statements) });
}

const unprotect = (name: string): Change => edit(name, () => ({ protect: false }));
const without =
  (name: string): Change =>
  (resources) =>
    resources.filter((found) => found.name !== name);
const add =
  (type: string, name: string, props: Props, from: Recorded['references'] = {}): Change =>
  (resources) => [...resources, resource(type, name, props, { from })];

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::releases/*' };
const denyPlain = {
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: ['arn:aws:s3:::releases', 'arn:aws:s3:::releases/*'],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const ingressRule = 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule';
const world = { cidrIpv4: '0.0.0.0/0', ipProtocol: 'tcp', fromPort: 443, toPort: 443 };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const privateKey = '-----BEGIN EC PRIVATE KEY-----';

/** Rule, what is wrong, the change that makes it so, the resource that is blamed. */
const violating: readonly [string, string, Change, string][] = [
  [
    'volumes-encrypted',
    'a plain volume',
    set('database-1', { encrypted: undefined }),
    'database-1',
  ],
  ['server-disks-encrypted', 'a plain root disk', set('data', { rootBlockDevice: {} }), 'data'],
  [
    'server-disks-encrypted',
    'a plain second disk',
    set('data', { ebsBlockDevices: [{ encrypted: true }, { encrypted: false }] }),
    'data',
  ],
  [
    'server-disks-encrypted',
    'a launch template that leaves the root disk to the image',
    set('app', { blockDeviceMappings: [] }),
    'app',
  ],
  [
    'server-disks-encrypted',
    'a launch template with a plain disk',
    set('app', { blockDeviceMappings: [{ ebs: { encrypted: 'false' } }] }),
    'app',
  ],
  [
    'databases-encrypted',
    'a plain database',
    set('database', { storageEncrypted: false }),
    'database',
  ],
  ['caches-encrypted', 'a plain cache', set('cache', { atRestEncryptionEnabled: false }), 'cache'],
  [
    'caches-encrypted',
    'a cache that takes connections without TLS',
    set('cache', { transitEncryptionMode: 'preferred' }),
    'cache',
  ],
  ['caches-kept', 'a cache that may be deleted', unprotect('cache'), 'cache'],
  [
    'caches-kept',
    'a cache whose nodes do not take over',
    set('cache', { automaticFailoverEnabled: false }),
    'cache',
  ],
  ['caches-kept', 'a cache in one zone', set('cache', { multiAzEnabled: undefined }), 'cache'],
  [
    'caches-kept',
    'a cache that leaves nothing behind',
    set('cache', { finalSnapshotIdentifier: undefined }),
    'cache',
  ],
  [
    'caches-backed-up',
    'a cache without snapshots',
    set('cache', { snapshotRetentionLimit: undefined }),
    'cache',
  ],
  [
    'caches-have-users',
    'a cache that everybody may use',
    set('cache', { userGroupIds: undefined }),
    'cache',
  ],
  [
    'caches-have-users',
    'one password for everybody',
    set('cache', { authToken: 'a-long-password-for-everybody' }),
    'cache',
  ],
  [
    'cache-default-off',
    'a group with a default user of AWS',
    set('cache-users', { engine: 'redis' }),
    'cache-users',
  ],
  [
    'cache-users-limited',
    'a user without a password',
    set('cache-guard', { authenticationMode: { type: 'no-password-required' } }),
    'cache-guard',
  ],
  [
    'cache-users-limited',
    'a user who may do everything',
    set('cache-guard', { accessString: 'on ~* +@all' }),
    'cache-guard',
  ],
  ['own-keys', 'a cache under a key of AWS', set('cache', { kmsKeyId: undefined }), 'cache'],
  ['own-keys', 'logs under a key of AWS', set('flow', { kmsKeyId: undefined }), 'flow'],
  ['own-keys', 'messages under no key', set('alarms', { kmsMasterKeyId: '' }), 'alarms'],
  ['own-keys', 'secrets under a key of AWS', set('values', { kmsKeyId: undefined }), 'values'],
  ['own-keys', 'backups under a key of AWS', set('vault', { kmsKeyArn: undefined }), 'vault'],
  ['keys-rotate', 'a key for ever', set('key', { enableKeyRotation: false }), 'key'],
  ['buckets-encrypted', 'a bucket without a word', without('releases-encryption'), 'releases'],
  [
    'buckets-encrypted',
    'a setting without rules',
    set('releases-encryption', { rules: [] }),
    'releases-encryption',
  ],
  ['buckets-private', 'a bucket that may be opened', without('releases-private'), 'releases'],
  [
    'buckets-private',
    'a bucket that may be opened by a policy',
    set('releases-private', { blockPublicPolicy: false }),
    'releases-private',
  ],
  ['buckets-versioned', 'a bucket without a word', without('releases-versions'), 'releases'],
  [
    'buckets-versioned',
    'versions that are no longer made',
    set('storage-1-versions', { versioningConfiguration: { status: 'Suspended' } }),
    'storage-1-versions',
  ],
  ['buckets-tls-only', 'a bucket without a policy', without('releases-policy'), 'releases'],
  [
    'buckets-tls-only',
    'a policy that denies nothing',
    policy('releases-policy'),
    'releases-policy',
  ],
  [
    'buckets-tls-only',
    'a denial for the objects alone',
    policy('releases-policy', { ...denyPlain, Resource: 'arn:aws:s3:::releases/*' }),
    'releases-policy',
  ],
  [
    'buckets-tls-only',
    'a denial for one role alone',
    policy('releases-policy', { ...denyPlain, Principal: { AWS: 'arn:aws:iam::1:role/a' } }),
    'releases-policy',
  ],
  [
    'buckets-tls-only',
    'a denial of TLS itself',
    policy('releases-policy', {
      ...denyPlain,
      Condition: { Bool: { 'aws:SecureTransport': 'true' } },
    }),
    'releases-policy',
  ],
  ['open-ports', 'SSH for the world', set('http', { fromPort: 22, toPort: 22 }), 'http'],
  [
    'open-ports',
    'a range that has 443 in it',
    set('https', { fromPort: 443, toPort: 9443 }),
    'https',
  ],
  [
    'open-ports',
    'everything',
    set('https', { ipProtocol: '-1', fromPort: undefined, toPort: undefined }),
    'https',
  ],
  [
    'open-ports',
    'half the world',
    set('https', { cidrIpv4: '128.0.0.0/1', toPort: 8443 }),
    'https',
  ],
  [
    'open-ports',
    'a rule inside of the group',
    set('entrance', {
      ingress: [{ protocol: 'tcp', fromPort: 5432, toPort: 5432, cidrBlocks: ['0.0.0.0/0'] }],
    }),
    'entrance',
  ],
  [
    'one-entrance',
    'a second group that is open',
    add(ingressRule, 'second', world, { securityGroupId: ['data'] }),
    'second',
  ],
  [
    'default-group-closed',
    'a default group that lets all out',
    set('default', { egress: [{ protocol: '-1', cidrBlocks: ['0.0.0.0/0'] }] }),
    'default',
  ],
  [
    'databases-private',
    'a public database',
    set('database', { publiclyAccessible: true }),
    'database',
  ],
  [
    'databases-private',
    'a public replica',
    set('replica', { publiclyAccessible: true }),
    'replica',
  ],
  [
    'listeners-tls',
    'an answer without TLS',
    set('listener-http', { defaultActions: [{ type: 'forward' }] }),
    'listener-http',
  ],
  [
    'listeners-tls',
    'a redirect to HTTP',
    set('listener-http', {
      defaultActions: [{ type: 'redirect', redirect: { protocol: 'HTTP' } }],
    }),
    'listener-http',
  ],
  [
    'listeners-tls',
    'the default protocols',
    set('listener-https', { sslPolicy: undefined }),
    'listener-https',
  ],
  [
    'listeners-tls',
    'TLS 1.0',
    set('listener-https', { sslPolicy: 'ELBSecurityPolicy-TLS13-1-0-2021-06' }),
    'listener-https',
  ],
  [
    'listeners-tls',
    'a listener under its other name',
    add('aws:alb/listener:Listener', 'other', { protocol: 'HTTP', defaultActions: [] }),
    'other',
  ],
  [
    'distributions-tls',
    'protocols of long ago',
    set('cdn', { viewerCertificate: { minimumProtocolVersion: 'TLSv1.1_2016' } }),
    'cdn',
  ],
  [
    'distributions-tls',
    'CloudFront’s own certificate, which takes TLS 1.0',
    set('cdn', { viewerCertificate: { cloudfrontDefaultCertificate: true } }),
    'cdn',
  ],
  [
    'distributions-tls',
    'an answer without TLS at one path',
    set('cdn', {
      orderedCacheBehaviors: [{ pathPattern: '/a/*', viewerProtocolPolicy: 'allow-all' }],
    }),
    'cdn',
  ],
  [
    'distributions-tls',
    'an origin that is asked as viewers ask',
    set('cdn', { origins: [{ customOriginConfig: { originProtocolPolicy: 'match-viewer' } }] }),
    'cdn',
  ],
  [
    'distributions-anonymous',
    'tokens in what answers are kept under',
    set('cdn-kept', {
      parametersInCacheKeyAndForwardedToOrigin: {
        headersConfig: { headerBehavior: 'whitelist', headers: { items: ['authorization'] } },
      },
    }),
    'cdn-kept',
  ],
  [
    'distributions-anonymous',
    'cookies in it',
    set('cdn-kept', {
      parametersInCacheKeyAndForwardedToOrigin: { cookiesConfig: { cookieBehavior: 'all' } },
    }),
    'cdn-kept',
  ],
  [
    'distributions-anonymous',
    'headers of viewers that the origin hears beside it',
    add('aws:cloudfront/originRequestPolicy:OriginRequestPolicy', 'forwarded', {
      headersConfig: { headerBehavior: 'allViewer' },
    }),
    'forwarded',
  ],
  [
    'distributions-anonymous',
    'cookies and all headers in the old way',
    set('cdn', {
      defaultCacheBehavior: {
        viewerProtocolPolicy: 'https-only',
        forwardedValues: { cookies: { forward: 'all' } },
      },
    }),
    'cdn',
  ],
  [
    'listener-rules-tls',
    'a way around the redirect',
    edit('listener-rule', () => ({ references: { listenerArn: ['listener-http'] } })),
    'listener-rule',
  ],
  [
    'target-groups-tls',
    'plain HTTP to the servers',
    set('targets', { protocol: 'HTTP' }),
    'targets',
  ],
  [
    'databases-force-tls',
    'a database that takes what comes',
    set('parameters', { parameters: [{ name: 'rds.force_ssl', value: '0' }] }),
    'parameters',
  ],
  [
    'databases-force-tls',
    'a group that says nothing',
    set('parameters', { parameters: [] }),
    'parameters',
  ],
  [
    'databases-own-parameters',
    "AWS's parameters",
    set('database', { parameterGroupName: 'default.postgres18' }),
    'database',
  ],
  [
    'metadata-v2',
    'credentials without a token',
    set('data', { metadataOptions: { httpTokens: 'optional', httpPutResponseHopLimit: 1 } }),
    'data',
  ],
  [
    'metadata-v2',
    'credentials for containers',
    set('app', { metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 2 } }),
    'app',
  ],
  [
    'no-secrets-in-user-data',
    'a private key',
    set('data', { userData: `x\n${privateKey}\n` }),
    'data',
  ],
  [
    'no-secrets-in-user-data',
    'a value that Pulumi knows as a secret',
    edit('data', () => ({ secrets: ['userData'] })),
    'data',
  ],
  ['volumes-kept', 'a volume that may go', unprotect('database-1'), 'database-1'],
  ['databases-kept', 'a database that may go', unprotect('database'), 'database'],
  [
    'databases-kept',
    'a database that AWS deletes',
    set('database', { deletionProtection: false }),
    'database',
  ],
  ['databases-kept', 'no last snapshot', set('database', { skipFinalSnapshot: true }), 'database'],
  [
    'buckets-kept',
    'a bucket that says neither',
    set('releases', { forceDestroy: false }),
    'releases',
  ],
  ['buckets-kept', 'a bucket of data that may go', unprotect('storage-1'), 'storage-1'],
  [
    'buckets-kept',
    'a bucket of data that is called disposable',
    edit('storage-1', ({ props }) => ({ protect: false, props: { ...props, forceDestroy: true } })),
    'storage-1',
  ],
  [
    'buckets-kept',
    'a bucket of backups that is called disposable',
    (resources) =>
      resources.map((found) =>
        found.name === 'releases' ? { ...found, name: 'backups-1' } : found,
      ),
    'backups-1',
  ],
  ['keys-kept', 'a key that may go', unprotect('key'), 'key'],
  ['keys-kept', 'a key that is gone in a week', set('key', { deletionWindowInDays: 7 }), 'key'],
  [
    'no-secrets-in-functions',
    'a token of a bot in the environment',
    set('notifier', {
      environment: { variables: { TOKEN: '8123456789:AAH3kd93JdkS0-kf93kdlwpqoeiruty10a2' } },
    }),
    'notifier',
  ],
  [
    'no-secrets-in-functions',
    'a value that the program holds for a secret',
    edit('notifier', () => ({ secrets: ['environment'] })),
    'notifier',
  ],
  [
    'functions-log-here',
    'a log of its own, without a key',
    set('notifier', { loggingConfig: undefined }),
    'notifier',
  ],
  [
    'no-open-functions',
    'a function for everybody',
    set('notifier-called', { principal: '*' }),
    'notifier-called',
  ],
  [
    'no-open-functions',
    'a function for topics of every account',
    set('notifier-called', { sourceArn: undefined }),
    'notifier-called',
  ],
  [
    'no-open-functions',
    'an address of a function for everybody',
    add('aws:lambda/functionUrl:FunctionUrl', 'address', { authorizationType: 'NONE' }),
    'address',
  ],
  ['no-backup-deleted', 'a vault without a policy', without('vault-policy'), 'vault'],
  [
    'no-backup-deleted',
    'a denial that a role need not mind',
    policy('vault-policy', {
      Effect: 'Deny',
      Principal: '*',
      Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/ops' } },
    }),
    'vault',
  ],
  [
    'no-backup-deleted',
    'backups that may be made to age at once',
    policy('vault-policy', {
      Effect: 'Deny',
      Principal: '*',
      Action: 'backup:DeleteRecoveryPoint',
      Resource: '*',
    }),
    'vault',
  ],
  [
    'volume-backups-kept',
    'backups of a day',
    set('plan', { rules: [{ lifecycle: { deleteAfter: 1 } }] }),
    'plan',
  ],
  ['backups-kept', 'backups that may go', unprotect('vault'), 'vault'],
  ['backups-kept', 'backups that are emptied', set('vault', { forceDestroy: true }), 'vault'],
  [
    'databases-backed-up',
    'backups of a day',
    set('database', { backupRetentionPeriod: 1 }),
    'database',
  ],
  [
    'volumes-backed-up',
    'a volume that no selection has',
    edit('selection', () => ({ references: {}, props: { resources: ['another'] } })),
    'database-1',
  ],
  [
    'no-wildcard-actions',
    'all actions',
    policy('server-may', { ...allow, Action: '*' }),
    'server-may',
  ],
  [
    'no-wildcard-actions',
    'all of a service',
    policy('server-may', { ...allow, Action: ['s3:*'] }),
    'server-may',
  ],
  [
    'no-wildcard-actions',
    'all services',
    policy('server-may', { ...allow, Action: '*:*' }),
    'server-may',
  ],
  [
    'no-wildcard-actions',
    'all but some actions',
    policy('server-may', { Effect: 'Allow', NotAction: 'iam:*', Resource: allow.Resource }),
    'server-may',
  ],
  [
    'no-wildcard-actions',
    'a key for another account',
    policy('key', {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::1:role/a' },
      Action: 'kms:*',
    }),
    'key',
  ],
  ['permissions-readable', 'what is no JSON', set('server-may', { policy: '{' }), 'server-may'],
  [
    'no-wildcard-resources',
    'all buckets',
    policy('server-may', { ...allow, Resource: '*' }),
    'server-may',
  ],
  [
    'no-wildcard-resources',
    'all buckets, by an ARN',
    policy('server-may', { ...allow, Resource: 'arn:aws:s3:::*' }),
    'server-may',
  ],
  [
    'no-wildcard-resources',
    'a condition that says nothing',
    policy('server-may', { ...allow, Resource: '*', Condition: {} }),
    'server-may',
  ],
  [
    'no-wildcard-resources',
    'all but some resources',
    policy('server-may', { Effect: 'Allow', Action: allow.Action, NotResource: 'arn:aws:s3:::a' }),
    'server-may',
  ],
  [
    'no-wildcard-resources',
    'an inline policy',
    set('server', { inlinePolicies: [{ policy: document({ ...allow, Resource: '*' }) }] }),
    'server',
  ],
  [
    'no-open-principals',
    'a bucket for everybody',
    policy('releases-policy', denyPlain, { ...allow, Principal: '*' }),
    'releases-policy',
  ],
  [
    'no-open-principals',
    'a key for every role',
    policy('key', {
      Effect: 'Allow',
      Principal: { AWS: ['*'] },
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/*' } },
    }),
    'key',
  ],
  [
    'no-open-principals',
    'a role for everybody',
    set('server', {
      assumeRolePolicy: document({
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 'sts:AssumeRole',
      }),
    }),
    'server',
  ],
  [
    'no-administrators',
    'an administrator',
    set('server-managed', { policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
    'server-managed',
  ],
  [
    'no-administrators',
    'all of S3',
    set('server', { managedPolicyArns: ['arn:aws:iam::aws:policy/AmazonS3FullAccess'] }),
    'server',
  ],
  ['tagged', 'a provider without default tags', edit('flow', () => ({ provider: {} })), 'flow'],
  [
    'launched-tagged',
    'volumes that nobody knows',
    set('app', {
      tagSpecifications: [
        { resourceType: 'instance', tags: { project: 'a', stack: 'b', tier: 'c' } },
      ],
    }),
    'app',
  ],
];

/** What is otherwise than in the good deployment, and as good. */
const complying: readonly [string, Change][] = [
  [
    'a server that is all its launch template says',
    set('data', {
      launchTemplate: { id: 'lt' },
      rootBlockDevice: undefined,
      metadataOptions: undefined,
    }),
  ],
  [
    'a server without a metadata service',
    set('data', { metadataOptions: { httpEndpoint: 'disabled' } }),
  ],
  [
    'logs that AWS writes, under a key of S3',
    set('releases-encryption', {
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    }),
  ],
  ['HTTP/3', set('https', { ipProtocol: 'udp' })],
  [
    'one address of an operator',
    add(ingressRule, 'operator', {
      ...world,
      cidrIpv4: '198.51.100.7/32',
      fromPort: 22,
      toPort: 22,
    }),
  ],
  [
    'volumes that a tag selects',
    (resources) =>
      set('database-1', { tags: { backup: 'daily' } })(
        edit('selection', () => ({
          references: {},
          props: { selectionTags: [{ key: 'backup', value: 'daily' }] },
        }))(resources),
      ),
  ],
  ['no AWS Backup at all', without('selection')],
  [
    'tags of its own instead of the provider’s',
    edit('flow', ({ props }) => ({
      provider: {},
      props: { ...props, tags: { project: 'a', stack: 'b', tier: 'c' } },
    })),
  ],
  ['a document that is an object', set('server-may', { policy: { Statement: allow } })],
  [
    'a bucket under its old name',
    (resources) =>
      resources.map((found) => ({
        ...found,
        type: found.type.replace('bucket:Bucket', 'bucketV2:BucketV2'),
      })),
  ],
  ['more than is asked', set('database', { backupRetentionPeriod: 35 })],
];

describe('the rules', () => {
  test('find nothing in a good deployment', () => {
    expect(violationsOf(good())).toEqual([]);
  });

  test.each(complying)('take %s', (_what, change) => {
    expect(violationsOf(change(good()))).toEqual([]);
  });

  test.each(violating)('%s finds %s', (rule, _what, change, blamed) => {
    const found = violationsOf(change(good()));
    expect(found.map(({ rule: by, name }) => [by, name])).toEqual([[rule, blamed]]);
  });

  test.each(violating)('%s alone finds %s', (rule, _what, change) => {
    const others = rules.filter(({ name }) => name !== rule);
    expect(others).toHaveLength(rules.length - 1);
    expect(violationsOf(change(good()), others)).toEqual([]);
  });

  test('each has a violation here, and looks at something in the good deployment', () => {
    const names = rules.map(({ name }) => name);
    expect([...new Set(violating.map(([rule]) => rule))].sort()).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
    const types = new Set(good().map(({ type }) => type));
    for (const { name, types: wanted } of rules) {
      expect(
        wanted.some((type) => type === 'aws:*' || types.has(type)),
        name,
      ).toBe(true);
    }
  });

  test('say what is wrong, and what to do', () => {
    for (const { name, description } of rules) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(description).toMatch(/^[A-Z].{20,}\.$/);
    }
    for (const [, , change] of violating) {
      for (const { problem } of violationsOf(change(good()))) expect(problem).not.toBe('');
    }
  });

  test('stand in docs/policy.md, each as it is', () => {
    const rows = readFileSync('docs/policy.md', 'utf8')
      .replaceAll('\\*', '*')
      .split('\n')
      .flatMap(
        (line) => /^\| `([a-z0-9-]+)` +\| (.*\S) +\|$/.exec(line)?.slice(1).join(': ') ?? [],
      );
    expect(rows).toEqual(rules.map(({ name, description }) => `${name}: ${description}`));
  });

  test('let pass what is known only after the deployment', () => {
    const blank = good().map((found) => ({
      ...found,
      props: Object.fromEntries(Object.keys(found.props).map((key) => [key, notYetKnown])),
    }));
    expect(violationsOf(blank)).toEqual([]);
  });
});

describe('user data', () => {
  const problemsOf = (userData: string): string[] =>
    violationsOf(set('data', { userData })(good())).map(({ problem }) => problem);
  const password = 'correct-horse-battery';

  test.each([
    [
      'a password',
      `export DB_PASSWORD=${password}\n`,
      'line 1 seems to give a secret to DB_PASSWORD',
    ],
    [
      'a password in YAML',
      `a: b\n  db_password: "${password}"\n`,
      'line 2 seems to give a secret to db_password',
    ],
    [
      'a password in JSON',
      `{"password":"${password}"}`,
      'line 1 seems to give a secret to password',
    ],
    [
      'a URL with a password',
      `curl postgres://strata:${password}@host/db`,
      'line 1 has a URL with a password',
    ],
    ['a key of AWS', 'id=AKIAIOSFODNN7EXAMPLE', 'line 1 seems to give a secret to id'],
    [
      'a long random value',
      'salt: 8f14e45fceea167a5a36dedd4bea2543',
      'line 1 seems to give a secret to salt',
    ],
    [
      'what is packed',
      base64(`one\ntwo\nDB_PASSWORD=${password}\n`),
      'packed, line 3 seems to give a secret to DB_PASSWORD',
    ],
    [
      'what is packed twice',
      `content: ${gzipSync(base64(`# a file of some length\n${privateKey}\n`)).toString('base64')}`,
      'packed, packed, line 2 begins a private key',
    ],
  ])('with %s is refused, without saying it', (_what, text, told) => {
    const problems = problemsOf(text);
    expect(problems).toEqual([`userData: ${told}`]);
    expect(problems.join()).not.toContain(password);
  });

  test.each([
    ['a name for a secret', 'password = read(secret.arn)'],
    ['where a secret is', 'PASSWORD_FILE=/run/strata/secrets/password'],
    [
      'the name of a secret',
      'secret_arn: arn:aws:secretsmanager:eu-central-1:1:secret:values-AbCdEf',
    ],
    ['a switch', 'lock_passwd: true'],
    ['a variable', 'TOKEN=$(fetch-token)'],
    ['a checksum', 'sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['a version', '{"version":"3HL4kqtJvjVBH40Nrjfkd8Xn2bQ7aZ9y"}'],
  ])('with %s is fine', (_what, text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});
