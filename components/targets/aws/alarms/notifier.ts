import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { standalone } from '../../../../engine/loader';
import type { Receiver } from '../../../settings/monitoring';
import type { Account } from '../account';
import { logDays } from '../constants';
import { logGroup } from '../log-group';
import { stackName } from '../naming';
import { decrypt, readSecret, type Statement } from '../policy';
import { serviceRole } from '../service-role';
import type { Target } from './notifier/messages';
import type { Topics } from './topics';
import { severities, type Severity, type Watched } from './watched';

/** A receiver that is no mail. */
export type NotifiedReceiver = Exclude<Receiver, { kind: 'mail' }> & { readonly name: string };

export interface NotifierArgs {
  readonly account: Account;
  /** ARN of the key of its secret and its log. */
  readonly key: pulumi.Input<string>;
  readonly topics: Topics;
  readonly receivers: Readonly<Record<Severity, readonly NotifiedReceiver[]>>;
  /** The value of a member of `strata:secrets`. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

const entry = 'components/targets/aws/alarms/notifier/handler.ts';

/** The part of its name that says which alarm is about the function itself. */
const ownAlarm = 'notifier';

/** What Lambda's own Node brings. */
const ofLambda = ['@aws-sdk/client-secrets-manager'];

/**
 * A function of Lambda that tells receivers of alarms who are no mail address. It stands outside of the platform's network
 * and needs none of its servers. Where receivers are, and with which tokens, stands in a secret that it alone may read.
 *
 * No concurrency is reserved for it: new accounts have ten in all, of which AWS lets nobody reserve any.
 *
 * **Cost**: $0.40 a month for the secret; its calls next to nothing; its log by what is written.
 *
 * @example new Notifier('alarms-notifier', { account, key, topics, receivers, secret }, { parent })
 */
export class Notifier extends pulumi.ComponentResource {
  /** An alarm about itself: the other receivers hear that some are not reached. */
  readonly watched: Watched;

  constructor(name: string, args: NotifierArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Notifier', name, {}, opts);
    const parent = { parent: this };
    const { account, key, topics, receivers, secret } = args;
    const book = new aws.secretsmanager.Secret(
      name,
      { description: 'Whom alarms of CloudWatch are told to.', kmsKeyId: key },
      parent,
    );
    const written = new aws.secretsmanager.SecretVersion(
      name,
      { secretId: book.arn, secretString: bookText(topics, receivers, secret) },
      parent,
    );
    const log = logGroup(name, { part: 'notifier', key, days: logDays }, parent);
    const { role, rights } = serviceRole(
      name,
      {
        account,
        part: 'notifier',
        description: 'Tells receivers of alarms.',
        service: 'lambda.amazonaws.com',
        allows: 'notify',
        rights: rightsOf(account, key, book.arn, log.arn),
      },
      parent,
    );
    const made = new aws.lambda.Function(
      name,
      {
        name: stackName('notifier', 64),
        description: 'Tells receivers of alarms who are no mail address.',
        role: role.arn,
        runtime: 'nodejs22.x',
        architectures: ['arm64'],
        handler: 'index.handler',
        code: new pulumi.asset.AssetArchive({
          'index.js': new pulumi.asset.StringAsset(standalone(entry, ofLambda)),
        }),
        memorySize: 256,
        timeout: 30,
        environment: { variables: { SECRET: book.arn, OWN_ALARM: stackName(ownAlarm, 255) } },
        loggingConfig: { logFormat: 'Text', logGroup: log.name },
      },
      { ...parent, dependsOn: [rights, written] },
    );
    for (const severity of severities)
      listen(`${name}-${severity}`, topics[severity], made, parent);
    this.watched = {
      part: ownAlarm,
      severity: 'critical',
      alarmDescription:
        'Some receivers of alarms are not reached; the log group of the function "notifier" names them.',
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName: made.name },
      statistic: 'Sum',
      threshold: 1,
      evaluationPeriods: 1,
    };
    this.registerOutputs({});
  }
}

/** The text of the secret: a `Book` of the function. */
function bookText(
  topics: Topics,
  receivers: NotifierArgs['receivers'],
  secret: NotifierArgs['secret'],
): pulumi.Output<string> {
  const entries = severities.map((severity) =>
    pulumi
      .all([topics[severity], receivers[severity].map((receiver) => target(receiver, secret))])
      .apply(([topic, targets]) => [topic, { severity, receivers: targets }] as const),
  );
  return pulumi.secret(pulumi.all(entries).apply((all) => JSON.stringify(Object.fromEntries(all))));
}

function target(receiver: NotifiedReceiver, secret: NotifierArgs['secret']): pulumi.Output<Target> {
  const { name, kind } = receiver;
  switch (kind) {
    case 'slack':
      return pulumi.output({ name, kind, url: secret(receiver.url), channel: receiver.channel });
    case 'telegram': {
      const { chat, token } = receiver;
      const url = pulumi.interpolate`https://api.telegram.org/bot${secret(token)}/sendMessage`;
      return pulumi.output({ name, kind, url, chat });
    }
    case 'webhook': {
      const { url = '', urlSecret, token } = receiver;
      return pulumi.output({
        name,
        kind,
        url: urlSecret === undefined ? url : secret(urlSecret),
        ...(token !== undefined && { token: secret(token) }),
      });
    }
  }
}

function rightsOf(
  account: Account,
  key: pulumi.Input<string>,
  secret: pulumi.Input<string>,
  log: pulumi.Input<string>,
): Statement[] {
  return [
    readSecret(secret),
    decrypt(account, key, ['secretsmanager']),
    {
      Sid: 'WriteLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: pulumi.interpolate`${log}:*`,
    },
  ];
}

/** The function is called for what is sent to a topic, and by nothing else. */
function listen(
  name: string,
  topic: pulumi.Output<string>,
  made: aws.lambda.Function,
  opts: pulumi.CustomResourceOptions,
): void {
  const allowed = new aws.lambda.Permission(
    name,
    {
      action: 'lambda:InvokeFunction',
      function: made.name,
      principal: 'sns.amazonaws.com',
      sourceArn: topic,
    },
    opts,
  );
  new aws.sns.TopicSubscription(
    name,
    { topic, protocol: 'lambda', endpoint: made.arn },
    { ...opts, dependsOn: allowed },
  );
}
