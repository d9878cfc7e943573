'use strict';
// A vault's lock (by the emulator), policy and notifications (recorded).
const lab = require('./lab.cjs');
const { P } = lab.require('kit');

const vault = async (c, name) =>
  (await c.call('Backup.describeBackupVault', { BackupVaultName: name })).BackupVaultArn;
const outs = 'backupVaultArn';
const made = async (i, c) => ({ backupVaultArn: await vault(c, i.backupVaultName) });
const id = (i) => i.backupVaultName;

/** An entry of one call that makes and changes it. */
const put = (name, props, members) => {
  const call = (i, c) => [name, c.params(name, i, `backupVaultName ${members}`)];
  return lab.recorded({ props, outs, id, made, create: call, update: call });
};

module.exports = {
  'backup/vaultLockConfiguration:VaultLockConfiguration': {
    props: P(
      'backupVaultName!^ changeableForDays:int^ maxRetentionDays:int^ minRetentionDays:int^',
    ),
    outs,
    async create(i, c) {
      const members = 'backupVaultName changeableForDays maxRetentionDays minRetentionDays';
      await c.do('Backup.putBackupVaultLockConfiguration', i, members);
      return i.backupVaultName;
    },
    async read(name, c) {
      const live = await c.maybe('Backup.describeBackupVault', { BackupVaultName: name });
      if (!live?.Locked) return undefined;
      return {
        backupVaultName: name,
        backupVaultArn: live.BackupVaultArn,
        ...c.take(live, 'maxRetentionDays minRetentionDays'),
      };
    },
    delete: (name, c) =>
      c.call('Backup.deleteBackupVaultLockConfiguration', { BackupVaultName: name }),
  },
  'backup/vaultPolicy:VaultPolicy': put(
    'Backup.putBackupVaultAccessPolicy',
    P('backupVaultName!^ policy:json!'),
    'policy',
  ),
  'backup/vaultNotifications:VaultNotifications': put(
    'Backup.putBackupVaultNotifications',
    P('backupVaultEvents:set!^ backupVaultName!^ snsTopicArn!^'),
    'backupVaultEvents>BackupVaultEvents snsTopicArn>SNSTopicArn',
  ),
};
