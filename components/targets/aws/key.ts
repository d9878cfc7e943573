import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, iamArn, type Account } from './account';
import { severities } from './alarms/watched';
import { topicName } from './alarms/topics';
import { databaseLogPrefix } from './database-names';
import { logPrefix } from './log-group';
import { stackName } from './naming';
import { policy, type Statement } from './policy';

export interface KeyArgs {
  readonly account: Account;
}

/**
 * The key of everything that a deployment keeps: volumes, releases, secrets, logs, alarms. Without it nothing of that
 * can be read again, so it is protected, and AWS deletes it 30 days after the order only.
 *
 * **Cost**: by the month, and by requests.
 *
 * @example new Key('encryption-key', { account }, { parent })
 */
export class Key extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, { account }: KeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Key', name, {}, opts);
    const key = new aws.kms.Key(
      name,
      {
        description: `Everything that ${stackName('data', 128)} keeps.`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: policy([ofAccount(account), ofLogs(account), ...ofSenders(account)]),
      },
      { parent: this, protect: true },
    );
    new aws.kms.Alias(
      name,
      { name: `alias/${stackName('data', 200)}`, targetKeyId: key.keyId },
      { parent: this },
    );
    this.arn = key.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

/** In a key's policy `*` is that key. AWS refuses one that its account could not manage; roles say who may use it. */
function ofAccount(account: Account): Statement {
  return {
    Sid: 'Account',
    Effect: 'Allow',
    Principal: { AWS: iamArn(account, 'root') },
    Action: 'kms:*',
    Resource: '*',
  };
}

const use = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey*',
  'kms:ReEncrypt*',
];

function ofLogs(account: Account): Statement {
  return {
    Sid: 'Logs',
    Effect: 'Allow',
    Principal: { Service: `logs.${account.region}.amazonaws.com` },
    Action: use,
    Resource: '*',
    Condition: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': [`${logPrefix()}/*`, `${databaseLogPrefix()}*`].map(
          (name) => arn(account, 'logs', `log-group:${name}`),
        ),
      },
    },
  };
}

/** Who sends to encrypted topics. */
function ofSenders(account: Account): Statement[] {
  const topics = severities.map((severity) => arn(account, 'sns', topicName(severity)));
  return [
    ofSender('Alarms', 'cloudwatch', { 'aws:SourceAccount': account.id }),
    // AWS knows no source of events; the topic is known, and says from which rule it takes them.
    ofSender('Events', 'events', { 'kms:EncryptionContext:aws:sns:topicArn': topics }),
  ];
}

function ofSender(
  Sid: string,
  service: string,
  StringEquals: NonNullable<Statement['Condition']>[string],
): Statement {
  return {
    Sid,
    Effect: 'Allow',
    Principal: { Service: `${service}.amazonaws.com` },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
    Resource: '*',
    Condition: { StringEquals },
  };
}
