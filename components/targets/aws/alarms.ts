import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from './account';
import { stackName } from './naming';
import { policy } from './policy';

export interface AlarmsArgs {
  readonly account: Account;
  /** ARN of the key that encrypts what is sent. */
  readonly key: pulumi.Input<string>;
  /** Mail addresses that are told; each is asked by mail first whether it wants to be. */
  readonly emails: readonly string[];
  /** Group → id of its single server. */
  readonly servers: Readonly<Record<string, pulumi.Input<string>>>;
  /** How the balancer's figures are called, where there is one. */
  readonly balancer?: {
    readonly balancer: pulumi.Input<string>;
    readonly targets: pulumi.Input<string>;
  };
}

/** What an alarm looks at. Missing figures are no alarm unless it says so: who is not asked has no errors. */
type Watched = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  | 'alarmDescription'
  | 'namespace'
  | 'metricName'
  | 'statistic'
  | 'dimensions'
  | 'threshold'
  | 'evaluationPeriods'
> & { readonly treatMissingData?: string; readonly actions?: pulumi.Input<string>[] };

/**
 * What only AWS sees: a server's hardware, and the entrance in front of the servers. Everything inside is watched by the
 * platform's own monitoring. Disks are of a kind (gp3) that has no credits to run out of.
 *
 * **Cost**: each alarm by the month; mail next to nothing.
 */
export class Alarms extends pulumi.ComponentResource {
  /** ARN of the topic that alarms go to. */
  readonly topic: pulumi.Output<string>;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Alarms', name, {}, opts);
    this.topic = this.receivers(name, args);
    for (const [group, instance] of Object.entries(args.servers)) {
      this.server(name, group, instance, args.account);
    }
    if (args.balancer) this.entrance(name, args.balancer);
    this.registerOutputs({ topic: this.topic });
  }

  private receivers(name: string, { account, key, emails }: AlarmsArgs): pulumi.Output<string> {
    const called = stackName('alarms', 256);
    const topic = new aws.sns.Topic(
      name,
      {
        name: called,
        kmsMasterKeyId: key,
        policy: policy([
          {
            Sid: 'Alarms',
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Resource: arn(account, 'sns', called),
            Condition: { StringEquals: { 'aws:SourceAccount': account.id } },
          },
        ]),
      },
      { parent: this },
    );
    for (const email of emails) {
      new aws.sns.TopicSubscription(
        `${name}-${email}`,
        { topic: topic.arn, protocol: 'email', endpoint: email },
        { parent: this },
      );
    }
    return topic.arn;
  }

  private server(
    name: string,
    group: string,
    instance: pulumi.Input<string>,
    { region }: Account,
  ): void {
    const checks = {
      namespace: 'AWS/EC2',
      statistic: 'Maximum',
      dimensions: { InstanceId: instance },
      threshold: 1,
      treatMissingData: 'breaching',
    };
    this.alarm(`${name}-${group}-hardware`, `${group}-hardware`, {
      ...checks,
      alarmDescription: `The machine below the server of ${group} fails; AWS moves it to another.`,
      metricName: 'StatusCheckFailed_System',
      evaluationPeriods: 2,
      // A server that was stopped is not moved.
      treatMissingData: 'missing',
      actions: [`arn:aws:automate:${region}:ec2:recover`],
    });
    this.alarm(`${name}-${group}-unreachable`, `${group}-unreachable`, {
      ...checks,
      alarmDescription: `The server of ${group} does not answer AWS, or a volume of it does not.`,
      metricName: 'StatusCheckFailed',
      evaluationPeriods: 5,
    });
  }

  private entrance(name: string, { balancer, targets }: NonNullable<AlarmsArgs['balancer']>): void {
    const counts = {
      namespace: 'AWS/ApplicationELB',
      statistic: 'Sum',
      dimensions: { LoadBalancer: balancer },
      evaluationPeriods: 3,
    };
    this.alarm(`${name}-refused`, 'refused', {
      ...counts,
      alarmDescription: 'The balancer found no server that answers.',
      metricName: 'HTTPCode_ELB_5XX_Count',
      threshold: 10,
    });
    this.alarm(`${name}-errors`, 'errors', {
      ...counts,
      alarmDescription: 'Servers answer with errors of theirs (5xx).',
      metricName: 'HTTPCode_Target_5XX_Count',
      threshold: 50,
    });
    this.alarm(`${name}-unhealthy`, 'unhealthy', {
      ...counts,
      alarmDescription: 'A server of the balancer stays unhealthy.',
      metricName: 'UnHealthyHostCount',
      statistic: 'Maximum',
      dimensions: { LoadBalancer: balancer, TargetGroup: targets },
      threshold: 1,
      evaluationPeriods: 5,
    });
  }

  private alarm(name: string, part: string, { actions = [], ...watched }: Watched): void {
    new aws.cloudwatch.MetricAlarm(
      name,
      {
        name: stackName(part, 255),
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        period: 60,
        treatMissingData: 'notBreaching',
        alarmActions: [this.topic, ...actions],
        okActions: [this.topic],
        ...watched,
      },
      { parent: this },
    );
  }
}
