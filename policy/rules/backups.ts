import { statementsOf } from '../documents';
import { refersTo, type Problem, type Recorded, type Rule } from '../rule';
import { at, given, is, list, notYetKnown, shown, texts } from '../values';

const volumeType = 'aws:ebs/volume:Volume';
const vaultType = 'aws:backup/vault:Vault';
const vaultPolicyType = 'aws:backup/vaultPolicy:VaultPolicy';
const selectionType = 'aws:backup/selection:Selection';
const leastDays = 7;

/** What is lost can be had again. */
export const backups: readonly Rule[] = [
  {
    name: 'databases-backed-up',
    description: `Databases can be brought back to any moment of the last ${String(leastDays)} days. Set backupRetentionPeriod to ${String(leastDays)} or more.`,
    types: ['aws:rds/instance:Instance', 'aws:rds/cluster:Cluster'],
    problems: ({ props }) => {
      const days = props.backupRetentionPeriod;
      const enough = is(days) || (typeof days === 'number' && days >= leastDays);
      return enough || given(props.replicateSourceDb)
        ? []
        : [`backupRetentionPeriod is ${shown(days)}`];
    },
  },
  {
    name: 'caches-backed-up',
    description: `Snapshots of caches are kept for ${String(leastDays)} days. Set snapshotRetentionLimit to ${String(leastDays)} or more.`,
    types: ['aws:elasticache/replicationGroup:ReplicationGroup'],
    problems: ({ props }) => {
      const days = props.snapshotRetentionLimit;
      const enough = is(days) || (typeof days === 'number' && days >= leastDays);
      return enough ? [] : [`snapshotRetentionLimit is ${shown(days)}`];
    },
  },
  {
    name: 'volumes-backed-up',
    description:
      'Where AWS Backup is used, it backs up every volume. Name the volume in resources of the selection, or give it ' +
      'the tag that the selection looks for.',
    types: [volumeType, selectionType],
    problemsAmong: (resources) => {
      const selections = resources.filter(({ type }) => type === selectionType);
      if (selections.length === 0) return [];
      return resources
        .filter(({ type }) => type === volumeType)
        .filter((volume) => !selections.some((selection) => selects(selection, volume)))
        .map((resource): Problem => ({ resource, problem: 'no selection has it' }));
    },
  },
  {
    name: 'volume-backups-kept',
    description: `AWS Backup keeps what it makes for ${String(leastDays)} days or more. Set lifecycle.deleteAfter of each rule to that.`,
    types: ['aws:backup/plan:Plan'],
    problems: ({ props }) =>
      list(props.rules).flatMap((rule, index) => {
        const days = at(rule, 'lifecycle', 'deleteAfter');
        // For ever, when it is not given.
        const enough = !given(days) || is(days) || (typeof days === 'number' && days >= leastDays);
        return enough ? [] : [`rules[${String(index)}].lifecycle.deleteAfter is ${shown(days)}`];
      }),
  },
  {
    name: 'no-backup-deleted',
    description:
      'No backup is deleted before it is old enough. Add a VaultPolicy that denies backup:DeleteRecoveryPoint and ' +
      'backup:UpdateRecoveryPointLifecycle to everybody, on everything.',
    types: [vaultType, vaultPolicyType],
    problemsAmong: (resources) =>
      resources
        .filter(({ type }) => type === vaultType)
        .filter(
          (vault) =>
            !resources.some(
              (policy) =>
                policy.type === vaultPolicyType &&
                (refersTo(policy, 'backupVaultName', vault) ||
                  policy.props.backupVaultName === vault.props.name) &&
                deniesDeletion(policy),
            ),
        )
        .map((resource): Problem => ({ resource, problem: 'no policy denies deletion in it' })),
  },
];

const deletion = ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'];

function deniesDeletion({ props }: Recorded): boolean {
  return (
    is(props.policy) ||
    statementsOf(props.policy).some(
      (statement) =>
        at(statement, 'Effect') === 'Deny' &&
        at(statement, 'Principal') === '*' &&
        at(statement, 'Resource') === '*' &&
        !given(at(statement, 'Condition')) &&
        deletion.every((action) => texts(at(statement, 'Action')).includes(action)),
    )
  );
}

function selects(selection: Recorded, volume: Recorded): boolean {
  const { props, references } = selection;
  const named =
    references.resources?.includes(volume.urn) ??
    list(props.resources).some((arn) => arn === notYetKnown || arn === volume.props.arn);
  return (
    named ||
    list(props.selectionTags).some((tag) => {
      const key = at(tag, 'key');
      return typeof key === 'string' && is(at(tagsOf(volume), key), at(tag, 'value'));
    })
  );
}

function tagsOf({ props }: Recorded): unknown {
  return props.tagsAll ?? props.tags;
}
