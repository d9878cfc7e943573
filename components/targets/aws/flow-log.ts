import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from './account';
import { logGroup } from './log-group';
import { globalName } from './naming';
import { policy, trust } from './policy';

export interface FlowLogArgs {
  readonly account: Account;
  readonly vpc: pulumi.Input<string>;
  /** ARN of the key that encrypts it. */
  readonly key: pulumi.Input<string>;
  readonly days: number;
  /** ARN of the permissions boundary of roles. */
  readonly boundary?: string;
}

/**
 * Who spoke with whom in a network, and who was refused, in CloudWatch.
 *
 * **Cost**: by what is written; ten minutes are one line for each connection.
 */
export function flowLog(
  name: string,
  { account, vpc, key, days, boundary }: FlowLogArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const group = logGroup(name, { part: 'flow', key, days }, opts);
  const role = new aws.iam.Role(
    name,
    {
      name: globalName('flow', account, 64),
      description: 'Writes what flows in the network into its log.',
      // Without it any flow log of the service could be written by way of this role.
      assumeRolePolicy: trust('vpc-flow-logs.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': account.id },
        ArnLike: { 'aws:SourceArn': arn(account, 'ec2', 'vpc-flow-log/*') },
      }),
      ...(boundary !== undefined && { permissionsBoundary: boundary }),
    },
    opts,
  );
  const rights = new aws.iam.RolePolicy(
    name,
    {
      name: 'write-log',
      role: role.name,
      policy: policy([
        {
          Sid: 'Write',
          Effect: 'Allow',
          Action: [
            'logs:CreateLogStream',
            'logs:DescribeLogGroups',
            'logs:DescribeLogStreams',
            'logs:PutLogEvents',
          ],
          Resource: [group.arn, pulumi.interpolate`${group.arn}:*`],
        },
      ]),
    },
    opts,
  );
  new aws.ec2.FlowLog(
    name,
    {
      vpcId: vpc,
      trafficType: 'ALL',
      logDestination: group.arn,
      iamRoleArn: role.arn,
    },
    { ...opts, dependsOn: rights },
  );
}
