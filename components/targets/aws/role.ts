import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from './account';
import { globalName, scalingGroup } from './naming';
import { decrypt, readSecret, type Statement } from './policy';
import { serviceRole } from './service-role';
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
  /** Whether they are a scaling group's. */
  readonly balanced: boolean;
}

/**
 * What the servers of a group may do at AWS: hear from Systems Manager, read their own release and their own secret, pull
 * their images where those are in ECR, say to their scaling group that they are healthy.
 * Containers do not get at it: the metadata service is one hop away, they are two.
 *
 * **Cost**: nothing.
 *
 * @example
 * new ServerRole('app', {
 *   account, group: 'app', balanced: true, key, releases: bucket.arn, secret, repositories: [],
 * }, { parent })
 */
export class ServerRole extends pulumi.ComponentResource {
  /** Name of the instance profile. */
  readonly profile: pulumi.Output<string>;

  constructor(name: string, args: ServerRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:ServerRole', name, {}, opts);
    const parent = { parent: this };
    const { account, group } = args;
    const { role, rights } = serviceRole(
      name,
      {
        account,
        part: group,
        description: `Servers of ${group}.`,
        service: 'ec2.amazonaws.com',
        allows: 'run-release',
        rights: statements(args),
      },
      parent,
    );
    const profile = new aws.iam.InstanceProfile(
      name,
      { name: globalName(group, account, 128), role: role.name },
      // A server that starts with the profile is to have its rights.
      { ...parent, dependsOn: rights },
    );
    this.profile = profile.name;
    this.registerOutputs({ profile: this.profile });
  }
}

function statements(args: ServerRoleArgs): Statement[] {
  const { account, group, key, releases, secret, repositories, balanced } = args;
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
    ...(balanced ? [sayReady(account, group)] : []),
  ];
}

function sayReady(account: Account, group: string): Statement {
  return {
    Sid: 'SayReady',
    Effect: 'Allow',
    Action: 'autoscaling:CompleteLifecycleAction',
    // AWS has an id of its own in it, which nobody knows before there is the group.
    Resource: arn(
      account,
      'autoscaling',
      `autoScalingGroup:*:autoScalingGroupName/${scalingGroup(group)}`,
    ),
  };
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
