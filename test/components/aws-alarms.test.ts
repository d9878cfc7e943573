import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, test } from 'vitest';
import { monitoringSchema } from '../../components/settings/monitoring';
import { Alarms, type AlarmsArgs } from '../../components/targets/aws/alarms/alarms';
import { arnOf, foundation, ofType, one, statementsOf } from '../support/aws';
import { graph, type Registered } from '../support/graph';
import { isSecret, ofAws, plainTexts } from '../support/platform';

const alarmType = 'cloudwatch/metricAlarm:MetricAlarm';
const subscriptionType = 'sns/topicSubscription:TopicSubscription';

const topicArn = (severity: string) => arnOf('sns/topic:Topic', `alarms-${severity}`) as string;
const keyArn = arnOf('kms/key:Key', 'key') as string;
const functionArn = arnOf('lambda/function:Function', 'alarms-notifier');
const secretArn = arnOf('secretsmanager/secret:Secret', 'alarms-notifier');

describe('what AWS sees', () => {
  let all: Registered[];

  beforeAll(async () => {
    all = await foundation('single', false);
  });

  test('a server that fails is moved by AWS, and an alarm that ends is told of too', () => {
    const alarms = ofType(all, alarmType);
    expect(Object.keys(alarms)).toEqual([
      'alarms-notifier',
      'alarms-server-hardware',
      'alarms-server-unreachable',
    ]);
    expect(alarms['alarms-server-hardware']).toMatchObject({
      alarmActions: [topicArn('critical'), 'arn:aws:automate:eu-central-1:ec2:recover'],
      okActions: [topicArn('critical')],
      dimensions: { InstanceId: 'id-of-server' },
    });
    expect(alarms['alarms-server-unreachable']?.alarmActions).toEqual([topicArn('critical')]);
  });

  test('mail receivers are asked by SNS, each for the severities that it gets', () => {
    const mail = Object.values(ofType(all, subscriptionType)).filter(
      ({ protocol }) => protocol === 'email',
    );
    expect(mail).toEqual([
      { topic: topicArn('critical'), protocol: 'email', endpoint: 'ops@example.org' },
      { topic: topicArn('warning'), protocol: 'email', endpoint: 'ops@example.org' },
    ]);
  });

  test('the others are told by a function, which is called by the two topics and nothing else', () => {
    for (const severity of ['critical', 'warning']) {
      const name = `alarms-notifier-${severity}`;
      const permission = one(all, 'lambda/permission:Permission', name);
      expect(permission.inputs).toMatchObject({
        principal: 'sns.amazonaws.com',
        sourceArn: topicArn(severity),
      });
      const listening = one(all, subscriptionType, name);
      expect(listening.inputs).toMatchObject({
        topic: topicArn(severity),
        protocol: 'lambda',
        endpoint: functionArn,
      });
      expect(listening.dependencies).toContain(permission.urn);
    }
    expect(Object.keys(ofType(all, 'lambda/permission:Permission'))).toHaveLength(2);
  });

  test('the function stands outside of the network and knows of no receiver but by its secret', () => {
    const { inputs } = one(all, 'lambda/function:Function', 'alarms-notifier');
    expect(inputs).not.toHaveProperty('vpcConfig');
    expect(inputs.environment).toEqual({
      variables: { SECRET: secretArn, OWN_ALARM: 'strata-test-notifier' },
    });
    expect(plainTexts(all.map((made) => made.inputs)).join(' ')).not.toMatch(/value-of-/);
  });

  test('the secret says who is told of what is sent to a topic', () => {
    const { inputs } = one(all, 'secretsmanager/secretVersion:SecretVersion', 'alarms-notifier');
    expect(isSecret(inputs.secretString)).toBe(true);
    const { value } = inputs.secretString as { value: string };
    expect(JSON.parse(value)).toEqual({
      [topicArn('critical')]: {
        severity: 'critical',
        receivers: [
          {
            name: 'phone',
            kind: 'telegram',
            url: 'https://api.telegram.org/botvalue-of-bot-token/sendMessage',
            chat: -100,
          },
          {
            name: 'pager',
            kind: 'webhook',
            url: 'https://pager.example.org/',
            token: 'value-of-pager-token',
          },
        ],
      },
      [topicArn('warning')]: {
        severity: 'warning',
        receivers: [{ name: 'chat', kind: 'slack', url: 'value-of-slack-url', channel: '#alerts' }],
      },
    });
  });

  test('the function may read its secret and write its log', () => {
    const rights = statementsOf(all).filter(({ of }) => of === 'RolePolicy alarms-notifier');
    expect(rights.map(({ statement }) => [statement.Action, statement.Resource])).toEqual([
      ['secretsmanager:GetSecretValue', secretArn],
      ['kms:Decrypt', keyArn],
      [
        ['logs:CreateLogStream', 'logs:PutLogEvents'],
        `${arnOf('cloudwatch/logGroup:LogGroup', 'alarms-notifier') as string}:*`,
      ],
    ]);
  });

  test('a topic takes what alarms of this account and the rule of backups send, from nobody else', () => {
    const topic = statementsOf(all).filter(({ of }) => of === 'Topic alarms-warning');
    expect(
      topic.map(({ statement: { Action, Resource, Condition } }) => [Action, Resource, Condition]),
    ).toEqual([
      [
        'sns:Publish',
        'arn:aws:sns:eu-central-1:123456789012:strata-test-alarms-warning',
        { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      ],
      [
        'sns:Publish',
        'arn:aws:sns:eu-central-1:123456789012:strata-test-alarms-warning',
        {
          ArnEquals: {
            'aws:SourceArn':
              'arn:aws:events:eu-central-1:123456789012:rule/strata-test-backup-failed',
          },
        },
      ],
    ]);
  });
});

describe('alarms', () => {
  const made = (more: Partial<AlarmsArgs>): Promise<Registered[]> =>
    graph(
      () => {
        new Alarms('alarms', {
          account: { id: '123456789012', region: 'eu-central-1' },
          key: keyArn,
          monitoring: monitoringSchema.parse({
            receivers: { team: { kind: 'mail', to: ['ops@example.org'] } },
            send: { critical: ['team'] },
          }),
          secret: (name) => pulumi.secret(name),
          servers: {},
          ...more,
        });
      },
      { 'aws:*': ofAws },
      false,
    );

  test('have no function where all receivers are reached by mail', async () => {
    const all = await made({});
    expect(Object.keys(ofType(all, 'lambda/function:Function'))).toEqual([]);
    expect(Object.values(ofType(all, subscriptionType)).map(({ topic }) => topic)).toEqual([
      topicArn('critical'),
    ]);
  });

  test('of a server with credits say that they are used up', async () => {
    const all = await made({ servers: { app: { id: 'i-1', instanceType: 't3.large' } } });
    expect(one(all, alarmType, 'alarms-app-credits').inputs).toMatchObject({
      metricName: 'CPUCreditBalance',
      comparisonOperator: 'LessThanThreshold',
      alarmActions: [topicArn('warning')],
    });
  });

  test('of a database look at its storage, transactions, connections, CPU and replicas', async () => {
    const database = {
      identifier: 'strata',
      storage: 100,
      connections: 200,
      replicas: { 'replica-1': 'strata-1' },
    };
    const alarms = ofType(await made({ database }), alarmType);
    expect(
      Object.entries(alarms).map(([name, { metricName, threshold, dimensions }]) => [
        name,
        metricName,
        threshold,
        dimensions,
      ]),
    ).toEqual([
      [
        'alarms-database-storage',
        'FreeStorageSpace',
        10 * 1024 ** 3,
        { DBInstanceIdentifier: 'strata' },
      ],
      [
        'alarms-database-transactions',
        'MaximumUsedTransactionIDs',
        1e9,
        { DBInstanceIdentifier: 'strata' },
      ],
      [
        'alarms-database-connections',
        'DatabaseConnections',
        180,
        { DBInstanceIdentifier: 'strata' },
      ],
      ['alarms-database-cpu', 'CPUUtilization', 90, { DBInstanceIdentifier: 'strata' }],
      ['alarms-replica-1-lag', 'ReplicaLag', 60, { DBInstanceIdentifier: 'strata-1' }],
    ]);
    expect(alarms['alarms-database-storage']?.comparisonOperator).toBe('LessThanThreshold');
  });

  test('of a cache look at each node', async () => {
    const alarms = ofType(await made({ cache: { nodes: { 'cache-1': 'strata-001' } } }), alarmType);
    expect(Object.values(alarms).map(({ metricName }) => metricName)).toEqual([
      'DatabaseMemoryUsagePercentage',
      'Evictions',
      'EngineCPUUtilization',
      'ReplicationLag',
    ]);
  });
});
