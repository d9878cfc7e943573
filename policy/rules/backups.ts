import type { Problem, Recorded, Rule } from '../rule';
import { at, given, is, list, notYetKnown, shown } from '../values';

const volumeType = 'aws:ebs/volume:Volume';
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
];

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
