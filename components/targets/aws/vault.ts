import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BackupLock } from '../../settings/aws-backup';
import { stackName } from './naming';
import { policy } from './policy';

export interface VaultArgs {
  /** ARN of the key of everything that is kept. */
  readonly key: pulumi.Input<string>;
  readonly lock?: BackupLock;
}

/**
 * Where AWS Backup keeps what it makes, until it is old enough: nobody deletes a backup before, by whatever rights, without
 * changing the vault's policy first. With a lock that does not help either. AWS removes no vault that holds anything.
 *
 * **Cost**: what lies in it, by GB and month.
 *
 * @example new Vault('vault-1', { key, lock: { mode: 'governance', minDays: 7 } }, { parent })
 */
export class Vault extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What AWS calls it. */
  readonly called: pulumi.Output<string>;

  constructor(name: string, { key, lock }: VaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Vault', name, {}, opts);
    const parent = { parent: this };
    const vault = new aws.backup.Vault(
      name,
      { name: stackName('backups', 50), kmsKeyArn: key },
      { ...parent, protect: true },
    );
    new aws.backup.VaultPolicy(
      name,
      {
        backupVaultName: vault.name,
        policy: policy([
          {
            Sid: 'NothingGoesEarly',
            Effect: 'Deny',
            Principal: '*',
            Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
            Resource: '*',
          },
        ]),
      },
      { ...parent, protect: true },
    );
    if (lock) {
      new aws.backup.VaultLockConfiguration(
        name,
        {
          backupVaultName: vault.name,
          minRetentionDays: lock.minDays,
          ...(lock.maxDays !== undefined && { maxRetentionDays: lock.maxDays }),
          // It is this that makes AWS's lock one of mode compliance.
          ...(lock.coolingOffDays !== undefined && { changeableForDays: lock.coolingOffDays }),
        },
        // AWS changes none: another one is another resource, and to delete the old one afterwards would take off the new.
        { ...parent, protect: true, deleteBeforeReplace: true },
      );
    }
    this.arn = vault.arn;
    this.called = vault.name;
    this.registerOutputs({ arn: this.arn });
  }
}
