import { describe, expect, test } from 'vitest';
import type { BackupLock } from '../../components/settings/aws-backup';
import { Backup } from '../../components/targets/aws/backup';
import { Vault } from '../../components/targets/aws/vault';
import { ofType, one, statementsOf, words } from '../support/aws';
import { graph, type Registered } from '../support/graph';

const account = { id: '123456789012', region: 'eu-central-1' };

interface Given {
  readonly lock?: BackupLock;
  readonly days?: number;
}

/** A vault, and backups of two volumes in it. */
function made({ lock, days }: Given): Promise<Registered[]> {
  const program = (): void => {
    const key = 'arn-of-key';
    const vault = new Vault('vault-1', { key, ...(lock && { lock }) });
    new Backup('backup', {
      account,
      key,
      vault,
      ...(days !== undefined && { days }),
      volumes: ['vol-1', 'vol-2'],
      topic: 'arn-of-topic',
    });
  };
  return graph(program, { 'aws:*': (name) => ({ arn: `arn-of-${name}` }) }, false);
}

const lockType = 'backup/vaultLockConfiguration:VaultLockConfiguration';

describe('backups of volumes', () => {
  test('are made every night, and go when they are old enough', async () => {
    const all = await made({ days: 14 });
    expect(one(all, 'backup/plan:Plan', 'backup').inputs.rules).toEqual([
      expect.objectContaining({
        targetVaultName: 'strata-test-backups',
        schedule: 'cron(0 2 * * ? *)',
        lifecycle: { deleteAfter: 14 },
      }),
    ]);
    expect(one(all, 'backup/selection:Selection', 'backup').inputs).toMatchObject({
      resources: ['vol-1', 'vol-2'].map(
        (id) => `arn:aws:ec2:eu-central-1:123456789012:volume/${id}`,
      ),
    });
  });

  test('are no more made when they are off; the vault stays, and who removes the old ones', async () => {
    const all = await made({});
    for (const type of [
      'backup/plan:Plan',
      'backup/selection:Selection',
      'cloudwatch/eventRule:EventRule',
    ]) {
      expect(Object.keys(ofType(all, type))).toEqual([]);
    }
    expect(one(all, 'backup/vault:Vault', 'vault-1').protect).toBe(true);
    one(all, 'iam/role:Role', 'backup');
  });

  test('are deleted early by nobody', async () => {
    const denied = statementsOf(await made({ days: 14 })).filter(
      ({ of }) => of === 'VaultPolicy vault-1',
    );
    expect(denied.map(({ statement }) => statement)).toEqual([
      {
        Sid: 'NothingGoesEarly',
        Effect: 'Deny',
        Principal: '*',
        Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
        Resource: '*',
      },
    ]);
  });

  test('have a lock only when it is asked for; one that nobody can take off says so', async () => {
    expect(ofType(await made({ days: 14 }), lockType)).toEqual({});
    const governance = await made({ days: 14, lock: { mode: 'governance', minDays: 7 } });
    expect(one(governance, lockType, 'vault-1').inputs).toEqual({
      backupVaultName: 'strata-test-backups',
      minRetentionDays: 7,
    });
    const lock = { mode: 'compliance', minDays: 7, maxDays: 30, coolingOffDays: 14 } as const;
    expect(one(await made({ days: 14, lock }), lockType, 'vault-1').inputs).toEqual({
      backupVaultName: 'strata-test-backups',
      minRetentionDays: 7,
      maxRetentionDays: 30,
      changeableForDays: 14,
    });
  });

  test('are made by a role of AWS Backup, which snaps these volumes and nothing else', async () => {
    const all = await made({ days: 14 });
    const statements = statementsOf(all);
    const trusted = statements.find(({ of }) => of === 'Role backup')?.statement;
    expect(trusted).toMatchObject({
      Principal: { Service: 'backup.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
    });
    const rights = statements.filter(({ of }) => of === 'RolePolicy backup');
    const snap = rights.find(({ statement }) => statement.Sid === 'MakeSnapshots')?.statement;
    expect(words(snap?.Resource)).toEqual([
      'arn:aws:ec2:eu-central-1:123456789012:volume/vol-1',
      'arn:aws:ec2:eu-central-1:123456789012:volume/vol-2',
      'arn:aws:ec2:eu-central-1::snapshot/*',
    ]);
    const wide = rights.filter(({ statement }) => words(statement.Resource).includes('*'));
    expect(wide.flatMap(({ statement }) => words(statement.Action))).toEqual([
      'ec2:DescribeSnapshots',
      'ec2:DescribeTags',
      'ec2:DescribeVolumes',
      'tag:GetResources',
    ]);
  });

  test('that fail are told of in the form of an alarm', async () => {
    const all = await made({ days: 14 });
    const rule = one(all, 'cloudwatch/eventRule:EventRule', 'backup').inputs;
    // The topics let this rule send.
    expect(rule.name).toBe('strata-test-backup-failed');
    expect(JSON.parse(String(rule.eventPattern))).toEqual({
      source: ['aws.backup'],
      'detail-type': ['Backup Job State Change'],
      detail: { state: ['FAILED', 'ABORTED', 'EXPIRED'], backupVaultArn: ['arn-of-vault-1'] },
    });
    const target = one(all, 'cloudwatch/eventTarget:EventTarget', 'backup').inputs;
    expect(target).toMatchObject({ rule: 'strata-test-backup-failed', arn: 'arn-of-topic' });
    const { inputTemplate } = target.inputTransformer as { inputTemplate: string };
    expect(JSON.parse(inputTemplate)).toMatchObject({
      AlarmName: 'strata-test-backup-failed',
      NewStateValue: 'ALARM',
    });
  });
});
