import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';
import { globalName } from './naming';
import { decrypt, policy, readSecret, trust, type Statement } from './policy';
import type { ServerGroup } from '../target';

export interface ServerRoleArgs {
  readonly account: Account;
  readonly group: ServerGroup['name'];
  /** ARN of the key of all that it reads. */
  readonly key: pulumi.Input<string>;
  /** ARN of the bucket of releases. */
  readonly releases: pulumi.Input<string>;
  /** ARN of the group's secret. */
  readonly secret: pulumi.Input<string>;
  /** ARNs of the repositories of ECR that its images are in. */
  readonly repositories: readonly string[];
  /** ARN of the permissions boundary of roles. */
  readonly boundary?: string;
}

/**
 * What the servers of a group may do at AWS: hear from Systems Manager, read their own release and their own secret, pull
 * their images where those are in ECR.
 * Containers do not get at it: the metadata service is one hop away, they are two.
 */
export class ServerRole extends pulumi.ComponentResource {
  /** Name of the instance profile. */
  readonly profile: pulumi.Output<string>;

  constructor(name: string, args: ServerRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:ServerRole', name, {}, opts);
    const parent = { parent: this };
    const role = new aws.iam.Role(
      name,
      {
        name: globalName(args.group, args.account, 64),
        description: `Servers of ${args.group}.`,
        assumeRolePolicy: trust('ec2.amazonaws.com'),
        ...(args.boundary !== undefined && { permissionsBoundary: args.boundary }),
      },
      parent,
    );
    const rights = new aws.iam.RolePolicy(
      name,
      { name: 'run-release', role: role.name, policy: policy(statements(args)) },
      parent,
    );
    const profile = new aws.iam.InstanceProfile(
      name,
      { name: globalName(args.group, args.account, 128), role: role.name },
      // A server that starts with the profile is to have its rights.
      { ...parent, dependsOn: rights },
    );
    this.profile = profile.name;
    this.registerOutputs({ profile: this.profile });
  }
}

function statements(args: ServerRoleArgs): Statement[] {
  const { account, group, key, releases, secret, repositories } = args;
  return [
    {
      // AWS's own policy for this (AmazonSSMManagedInstanceCore) reads every parameter of the account too.
      Sid: 'HearFromSystemsManager',
      Effect: 'Allow',
      Action: [
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
        'ssm:UpdateInstanceInformation',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      // AWS knows nothing narrower for them; each answers for the server that asks.
      Resource: '*',
    },
    {
      Sid: 'ReadRelease',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: pulumi.interpolate`${releases}/releases/${group}.*`,
    },
    readSecret(secret),
    decrypt(account, key, ['s3', 'secretsmanager']),
    ...(repositories.length > 0 ? pulling(repositories) : []),
  ];
}

function pulling(repositories: readonly string[]): Statement[] {
  return [
    {
      // A login alone, and AWS knows nothing narrower for it.
      Sid: 'LogInToRegistry',
      Effect: 'Allow',
      Action: 'ecr:GetAuthorizationToken',
      Resource: '*',
    },
    {
      Sid: 'PullImages',
      Effect: 'Allow',
      Action: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        // What a cache of another registry does when it is asked for something the first time.
        'ecr:BatchImportUpstreamImage',
        'ecr:CreateRepository',
      ],
      Resource: repositories,
    },
  ];
}
