import { keptOn } from '../../components/data/kept';
import type { BucketContent } from '../../components/services/service';
import type { ResourceRule } from '../rule';
import { given, is, shown } from '../values';

/** What holds data outlives a mistake. */
export const kept: readonly ResourceRule[] = [
  {
    name: 'volumes-kept',
    description: 'Volumes are protected: no deployment may delete them. Give them protect: true.',
    types: ['aws:ebs/volume:Volume'],
    problems: ({ protect }) => unprotected(protect),
  },
  {
    name: 'databases-kept',
    description:
      'Databases are protected, by Pulumi and by AWS, and leave a snapshot behind. Give them protect: true, set ' +
      'deletionProtection: true, and leave skipFinalSnapshot out.',
    types: ['aws:rds/instance:Instance', 'aws:rds/cluster:Cluster'],
    problems: ({ props, protect }) =>
      // A replica holds nothing of its own.
      given(props.replicateSourceDb)
        ? []
        : [
            ...unprotected(protect),
            ...(is(props.deletionProtection, true)
              ? []
              : [`deletionProtection is ${shown(props.deletionProtection)}`]),
            ...(is(props.skipFinalSnapshot, undefined, null, false)
              ? []
              : ['skipFinalSnapshot is true']),
          ],
  },
  {
    name: 'caches-kept',
    description:
      'Caches hold queues: they are protected, a second node takes over by itself in another zone, and the last of ' +
      'them leaves a snapshot behind. Give them protect: true, multiAzEnabled: true, automaticFailoverEnabled: true ' +
      'and a finalSnapshotIdentifier.',
    types: ['aws:elasticache/replicationGroup:ReplicationGroup'],
    problems: ({ props, protect }) => [
      ...unprotected(protect),
      ...['multiAzEnabled', 'automaticFailoverEnabled'].flatMap((property) =>
        is(props[property], true) ? [] : [`${property} is ${shown(props[property])}`],
      ),
      ...(given(props.finalSnapshotIdentifier) ? [] : ['finalSnapshotIdentifier is missing']),
    ],
  },
  {
    name: 'buckets-kept',
    description:
      'A bucket is protected, unless it says that all in it can be made again. Give it protect: true, or set ' +
      'forceDestroy: true where that is so; a bucket of data never has it.',
    types: ['aws:s3/bucket:Bucket'],
    problems: ({ name, props, protect }) => {
      if (props.forceDestroy === true)
        return protect || isData(name) ? ['forceDestroy is true'] : [];
      return is(props.forceDestroy) ? [] : unprotected(protect);
    },
  },
  {
    name: 'keys-kept',
    description:
      'Keys are protected: without its key, encrypted data is lost. Give them protect: true and leave ' +
      'deletionWindowInDays at 30.',
    types: ['aws:kms/key:Key'],
    problems: ({ props, protect }) => [
      ...unprotected(protect),
      ...(is(props.deletionWindowInDays, undefined, null, 30)
        ? []
        : [`deletionWindowInDays is ${shown(props.deletionWindowInDays)}`]),
    ],
  },
  {
    name: 'backups-kept',
    description:
      'Vaults of backups are protected, and never emptied to be deleted. Give them protect: true, and leave ' +
      'forceDestroy out.',
    types: ['aws:backup/vault:Vault'],
    problems: ({ props, protect }) => [
      ...unprotected(protect),
      ...(is(props.forceDestroy, undefined, null, false) ? [] : ['forceDestroy is true']),
    ],
  },
];

function unprotected(protect: boolean): string[] {
  return protect ? [] : ['it is not protected'];
}

/** What holds data is named after it, with a generation: `storage-1` (components/data/names.ts). */
function isData(name: string): boolean {
  const [, content] = /^(.+)-\d+$/.exec(name) ?? [];
  return content !== undefined && (content in keptOn || content === backups);
}

/** What no volume holds. */
const backups: BucketContent = 'backups';
