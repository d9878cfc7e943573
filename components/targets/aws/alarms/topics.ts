import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from '../account';
import { stackName } from '../naming';
import { policy, type Statement } from '../policy';
import { severities, type Severity } from './watched';

export interface TopicsArgs {
  readonly account: Account;
  /** ARN of the key that encrypts what is sent. */
  readonly key: pulumi.Input<string>;
  /** Mail addresses that are told; each is asked by mail first whether it wants to be. */
  readonly mail: Readonly<Record<Severity, readonly string[]>>;
}

/** ARN of the topic of each severity. */
export type Topics = Readonly<Record<Severity, pulumi.Output<string>>>;

/** What AWS calls the topic of a severity. */
export function topicName(severity: Severity): string {
  return stackName(`alarms-${severity}`, 256);
}

/** What AWS calls the rule for events of backups that fail: the only one that may send to a topic. */
export function failedBackups(): string {
  return stackName('backup-failed', 64);
}

/** A topic of SNS for each severity: what is sent to it reaches every receiver of that severity. */
export function topics(name: string, args: TopicsArgs, opts: pulumi.CustomResourceOptions): Topics {
  const made = severities.map((severity) => [severity, topic(name, severity, args, opts)] as const);
  return Object.fromEntries(made) as Topics;
}

function topic(
  name: string,
  severity: Severity,
  { account, key, mail }: TopicsArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const made = new aws.sns.Topic(
    `${name}-${severity}`,
    {
      name: topicName(severity),
      kmsMasterKeyId: key,
      policy: policy(senders(arn(account, 'sns', topicName(severity)), account)),
    },
    opts,
  );
  for (const email of new Set(mail[severity])) {
    new aws.sns.TopicSubscription(
      `${name}-${severity}-${email}`,
      { topic: made.arn, protocol: 'email', endpoint: email },
      opts,
    );
  }
  return made.arn;
}

/** Services of AWS that may send, for this account. */
function senders(Resource: pulumi.Input<string>, account: Account): Statement[] {
  const send = { Effect: 'Allow', Action: 'sns:Publish', Resource } as const;
  return [
    {
      ...send,
      Sid: 'Alarms',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': account.id } },
    },
    {
      ...send,
      Sid: 'FailedBackups',
      Principal: { Service: 'events.amazonaws.com' },
      Condition: {
        ArnEquals: { 'aws:SourceArn': arn(account, 'events', `rule/${failedBackups()}`) },
      },
    },
  ];
}
