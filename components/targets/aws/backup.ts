import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { arn, type Account } from './account';
import { failedBackups } from './alarms/topics';
import { stackName } from './naming';
import type { Statement } from './policy';
import { serviceRole } from './service-role';
import type { Vault } from './vault';

export interface BackupArgs {
  readonly account: Account;
  /** ARN of the key of what is backed up. */
  readonly key: pulumi.Input<string>;
  readonly vault: Vault;
  /** How long each backup is kept; none is made when not given. */
  readonly days?: number;
  /** Ids of the EBS volumes. */
  readonly volumes: readonly pulumi.Input<string>[];
  /** ARN of the topic that is told when a backup fails. */
  readonly topic: pulumi.Input<string>;
}

/**
 * A snapshot of each volume every night, by AWS Backup. Each is of one moment, as after a loss of power: Postgres has its
 * log on the same volume and recovers from that. Different volumes are of different moments.
 *
 * **Cost**: what changes between two of them, by GB and month.
 *
 * @example
 * new Backup('backup', {
 *   account, key, vault, days: 14, volumes: [volume.id], topic: topics.warning,
 * }, { parent })
 */
export class Backup extends pulumi.ComponentResource {
  constructor(name: string, args: BackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Backup', name, {}, opts);
    const parent = { parent: this };
    const { account, vault, days } = args;
    const volumes = args.volumes.map(
      (id) => pulumi.interpolate`${arn(account, 'ec2', 'volume')}/${id}`,
    );
    // It stays when no more backups are made: AWS takes it on to remove those that are old enough.
    const { role, rights } = serviceRole(
      name,
      {
        account,
        part: 'backup',
        description: 'Makes and removes snapshots of volumes.',
        service: 'backup.amazonaws.com',
        condition: { StringEquals: { 'aws:SourceAccount': account.id } },
        allows: 'back-up',
        rights: rightsOf(args, volumes),
      },
      parent,
    );
    if (days !== undefined) {
      const plan = new aws.backup.Plan(
        name,
        {
          name: stackName('daily', 50),
          rules: [
            {
              ruleName: 'daily',
              targetVaultName: vault.called,
              // UTC. Postgres goes on meanwhile.
              schedule: 'cron(0 2 * * ? *)',
              startWindow: 60,
              completionWindow: 480,
              lifecycle: { deleteAfter: days },
            },
          ],
        },
        parent,
      );
      new aws.backup.Selection(
        name,
        {
          name: stackName('volumes', 50),
          planId: plan.id,
          iamRoleArn: role.arn,
          // By tags AWS would back up only kinds of resources that the account has opted in to.
          resources: volumes,
        },
        { ...parent, dependsOn: rights },
      );
      whenOneFails(name, args, parent);
    }
    this.registerOutputs({});
  }
}

/** Sends word to the topic in the form that an alarm of CloudWatch has, so that its receivers read both. */
function whenOneFails(
  name: string,
  { vault, topic }: BackupArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const rule = new aws.cloudwatch.EventRule(
    name,
    {
      name: failedBackups(),
      description: 'A backup was not made.',
      eventPattern: pulumi.jsonStringify({
        source: ['aws.backup'],
        'detail-type': ['Backup Job State Change'],
        detail: { state: ['FAILED', 'ABORTED', 'EXPIRED'], backupVaultArn: [vault.arn] },
      }),
    },
    opts,
  );
  new aws.cloudwatch.EventTarget(
    name,
    {
      rule: rule.name,
      arn: topic,
      inputTransformer: {
        inputPaths: { volume: '$.detail.resourceArn', state: '$.detail.state', at: '$.time' },
        inputTemplate: JSON.stringify({
          AlarmName: failedBackups(),
          AlarmDescription: 'A backup of <volume> was not made: <state>. AWS Backup says why.',
          NewStateValue: 'ALARM',
          StateChangeTime: '<at>',
        }),
      },
    },
    opts,
  );
}

/** Of AWS's own policy for this (AWSBackupServiceRolePolicyForBackup) what volumes need, for these volumes. */
function rightsOf(
  { account, key, vault }: BackupArgs,
  volumes: readonly pulumi.Output<string>[],
): Statement[] {
  const snapshots = `arn:aws:ec2:${account.region}::snapshot/*`;
  return [
    {
      Sid: 'MakeSnapshots',
      Effect: 'Allow',
      Action: 'ec2:CreateSnapshot',
      Resource: [...volumes, snapshots],
    },
    {
      Sid: 'KeepSnapshots',
      Effect: 'Allow',
      Action: ['ec2:CreateTags', 'ec2:DeleteSnapshot'],
      Resource: snapshots,
    },
    {
      Sid: 'Look',
      Effect: 'Allow',
      Action: [
        'ec2:DescribeSnapshots',
        'ec2:DescribeTags',
        'ec2:DescribeVolumes',
        'tag:GetResources',
      ],
      Resource: '*',
    },
    {
      Sid: 'FillVault',
      Effect: 'Allow',
      Action: ['backup:CopyIntoBackupVault', 'backup:DescribeBackupVault'],
      Resource: vault.arn,
    },
    { Sid: 'FindKey', Effect: 'Allow', Action: 'kms:DescribeKey', Resource: key },
    {
      Sid: 'UseKey',
      Effect: 'Allow',
      Action: 'kms:GenerateDataKeyWithoutPlaintext',
      Resource: key,
      Condition: { StringEquals: { 'kms:ViaService': `ec2.${account.region}.amazonaws.com` } },
    },
    {
      Sid: 'LendKey',
      Effect: 'Allow',
      Action: 'kms:CreateGrant',
      Resource: key,
      Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    },
  ];
}
