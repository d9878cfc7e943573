import type { Recorded } from '../../policy/rule';
import type { Props } from '../../policy/values';

const account = '123456789012';
const key = `arn:aws:kms:eu-central-1:${account}:key/1`;
const provider = {
  region: 'eu-central-1',
  // As the engine gives it: providers get what is not a text as JSON.
  defaultTags: JSON.stringify({ tags: { project: 'strata', stack: 'prod', tier: 'split' } }),
};

interface More {
  readonly protect?: boolean;
  readonly from?: Recorded['references'];
}

/** A resource of a deployment, as the policy pack sees it; its name is its URN. */
export function resource(
  type: string,
  name: string,
  props: Props,
  { protect = false, from = {} }: More = {},
): Recorded {
  return { urn: name, type, name, props, protect, references: from, provider, secrets: [] };
}

/** A document of IAM. */
export function document(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

const kept = { protect: true };
const metadataOptions = { httpTokens: 'required', httpPutResponseHopLimit: 1 };
const userData = Buffer.from(
  '#cloud-config\nwrite_files:\n  - path: /etc/strata/release.json\n    content: |\n' +
    '      {"manifest":"releases/app.json","version":"3HL4kqtJvjVBH40Nrjfkd8Xn2bQ7aZ9y"}\n' +
    'runcmd:\n  - token=$(strata-release token)\n  - chpasswd_file: /run/strata/password\n',
).toString('base64');

function bucket(name: string, props: Props, more: More = {}): Recorded[] {
  const from = { from: { bucket: [name] } };
  const arn = `arn:aws:s3:::${name}`;
  return [
    resource('aws:s3/bucket:Bucket', name, { bucket: name, arn, ...props }, more),
    resource(
      'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
      `${name}-private`,
      {
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      from,
    ),
    resource(
      'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
      `${name}-encryption`,
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' } }] },
      from,
    ),
    resource(
      'aws:s3/bucketVersioning:BucketVersioning',
      `${name}-versions`,
      { versioningConfiguration: { status: 'Enabled' } },
      from,
    ),
    resource(
      'aws:s3/bucketPolicy:BucketPolicy',
      `${name}-policy`,
      {
        policy: document({
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      },
      from,
    ),
  ];
}

/** A deployment that keeps to every rule: tests change one thing of it. */
export function good(): Recorded[] {
  return [
    resource('aws:ebs/volume:Volume', 'database-1', { encrypted: true, arn: 'volume-arn' }, kept),
    resource('aws:backup/vault:Vault', 'vault', { kmsKeyArn: key }, kept),
    resource(
      'aws:backup/vaultPolicy:VaultPolicy',
      'vault-policy',
      {
        policy: document({
          Effect: 'Deny',
          Principal: '*',
          Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
          Resource: '*',
        }),
      },
      { from: { backupVaultName: ['vault'] } },
    ),
    resource('aws:backup/plan:Plan', 'plan', { rules: [{ lifecycle: { deleteAfter: 14 } }] }),
    resource(
      'aws:backup/selection:Selection',
      'selection',
      { resources: ['volume-arn'] },
      { from: { resources: ['database-1'] } },
    ),
    resource('aws:ec2/instance:Instance', 'data', {
      rootBlockDevice: { encrypted: true },
      metadataOptions,
      userData: '#cloud-config\npackages: [docker.io]\n',
    }),
    resource('aws:ec2/launchTemplate:LaunchTemplate', 'app', {
      blockDeviceMappings: [{ deviceName: '/dev/sda1', ebs: { encrypted: 'true' } }],
      metadataOptions,
      userData,
      tagSpecifications: ['instance', 'volume'].map((resourceType) => ({
        resourceType,
        tags: { project: 'strata', stack: 'prod', tier: 'split' },
      })),
    }),
    resource(
      'aws:rds/instance:Instance',
      'database',
      {
        storageEncrypted: true,
        deletionProtection: true,
        backupRetentionPeriod: 7,
        parameterGroupName: 'strata',
      },
      kept,
    ),
    resource('aws:rds/instance:Instance', 'replica', {
      replicateSourceDb: 'database',
      parameterGroupName: 'strata',
    }),
    resource('aws:rds/parameterGroup:ParameterGroup', 'parameters', {
      parameters: [{ name: 'rds.force_ssl', value: '1' }],
    }),
    resource(
      'aws:elasticache/replicationGroup:ReplicationGroup',
      'cache',
      {
        atRestEncryptionEnabled: true,
        transitEncryptionEnabled: true,
        kmsKeyId: key,
        multiAzEnabled: true,
        automaticFailoverEnabled: true,
        snapshotRetentionLimit: 7,
        finalSnapshotIdentifier: 'cache-last',
        userGroupIds: ['cache'],
      },
      kept,
    ),
    resource('aws:elasticache/userGroup:UserGroup', 'cache-users', { engine: 'valkey' }),
    resource('aws:elasticache/user:User', 'cache-guard', {
      accessString: 'on resetchannels ~limit:* -@all +@read',
      authenticationMode: { type: 'password' },
    }),
    ...bucket('storage-1', {}, kept),
    ...bucket('releases', { forceDestroy: true }),
    resource('aws:cloudwatch/logGroup:LogGroup', 'flow', { kmsKeyId: key }),
    resource('aws:sns/topic:Topic', 'alarms', { kmsMasterKeyId: key }),
    resource('aws:secretsmanager/secret:Secret', 'values', { kmsKeyId: key }),
    resource('aws:lambda/function:Function', 'notifier', {
      environment: {
        variables: { SECRET: `arn:aws:secretsmanager:eu-central-1:${account}:secret:a` },
      },
      loggingConfig: { logFormat: 'Text', logGroup: '/strata/prod/notifier' },
    }),
    resource('aws:lambda/permission:Permission', 'notifier-called', {
      principal: 'sns.amazonaws.com',
      sourceArn: `arn:aws:sns:eu-central-1:${account}:alarms`,
    }),
    resource(
      'aws:kms/key:Key',
      'key',
      {
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: document(
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${account}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: { AWS: '*' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
            Condition: {
              ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/scaling` },
            },
          },
        ),
      },
      kept,
    ),
    resource('aws:iam/role:Role', 'server', {
      assumeRolePolicy: document({
        Effect: 'Allow',
        Principal: { Service: 'ec2.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
    }),
    resource('aws:iam/rolePolicy:RolePolicy', 'server-may', {
      policy: document(
        {
          Effect: 'Allow',
          Action: ['ssmmessages:OpenDataChannel', 'ec2:DescribeVolumes'],
          Resource: '*',
        },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::releases/releases/*' },
        {
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: { StringEquals: { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' } },
        },
      ),
    }),
    resource('aws:iam/rolePolicyAttachment:RolePolicyAttachment', 'server-managed', {
      policyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
    }),
    resource('aws:ec2/defaultSecurityGroup:DefaultSecurityGroup', 'default', {}),
    resource('aws:ec2/securityGroup:SecurityGroup', 'entrance', {}),
    resource(
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'https',
      { cidrIpv4: '0.0.0.0/0', ipProtocol: 'tcp', fromPort: 443, toPort: 443 },
      { from: { securityGroupId: ['entrance'] } },
    ),
    resource(
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'http',
      { cidrIpv6: '::/0', ipProtocol: 'tcp', fromPort: 80, toPort: 80 },
      { from: { securityGroupId: ['entrance'] } },
    ),
    resource(
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'links',
      { referencedSecurityGroupId: 'sg-1', ipProtocol: 'tcp', fromPort: 9443, toPort: 9443 },
      { from: { securityGroupId: ['data'] } },
    ),
    resource('aws:ec2/securityGroupRule:SecurityGroupRule', 'out', {
      type: 'egress',
      cidrBlocks: ['0.0.0.0/0'],
      protocol: '-1',
      fromPort: 0,
      toPort: 0,
    }),
    resource('aws:lb/targetGroup:TargetGroup', 'targets', { protocol: 'HTTPS' }),
    resource('aws:lb/listener:Listener', 'listener-https', {
      protocol: 'HTTPS',
      sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06',
      defaultActions: [{ type: 'forward' }],
    }),
    resource('aws:lb/listener:Listener', 'listener-http', {
      protocol: 'HTTP',
      defaultActions: [{ type: 'redirect', redirect: { protocol: 'HTTPS', port: '443' } }],
    }),
    resource('aws:cloudfront/cachePolicy:CachePolicy', 'cdn-kept', {
      parametersInCacheKeyAndForwardedToOrigin: {
        headersConfig: { headerBehavior: 'whitelist', headers: { items: ['Host'] } },
        cookiesConfig: { cookieBehavior: 'none' },
      },
    }),
    resource('aws:cloudfront/distribution:Distribution', 'cdn', {
      origins: [{ customOriginConfig: { originProtocolPolicy: 'https-only' } }],
      defaultCacheBehavior: { viewerProtocolPolicy: 'redirect-to-https' },
      viewerCertificate: { minimumProtocolVersion: 'TLSv1.2_2021' },
    }),
    resource(
      'aws:lb/listenerRule:ListenerRule',
      'listener-rule',
      { actions: [{ type: 'forward' }] },
      { from: { listenerArn: ['listener-https'] } },
    ),
  ];
}
