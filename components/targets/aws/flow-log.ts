import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from './account';
import { logGroup } from './log-group';
import { serviceRole } from './service-role';

export interface FlowLogArgs {
  readonly account: Account;
  readonly vpc: pulumi.Input<string>;
  /** ARN of the key that encrypts it. */
  readonly key: pulumi.Input<string>;
  readonly days: number;
}

/**
 * Who spoke with whom in a network, and who was refused, in CloudWatch.
 *
 * **Cost**: by what is written; ten minutes are one line for each connection.
 */
export function flowLog(
  name: string,
  { account, vpc, key, days }: FlowLogArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const group = logGroup(name, { part: 'flow', key, days }, opts);
  const { role, rights } = serviceRole(
    name,
    {
      account,
      part: 'flow',
      description: 'Writes what flows in the network into its log.',
      service: 'vpc-flow-logs.amazonaws.com',
      // Without it any flow log of the service could be written by way of this role.
      condition: {
        StringEquals: { 'aws:SourceAccount': account.id },
        ArnLike: { 'aws:SourceArn': arn(account, 'ec2', 'vpc-flow-log/*') },
      },
      allows: 'write-log',
      rights: [
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
      ],
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
