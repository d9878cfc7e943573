import { z } from 'zod';
import type { Recorded } from '../recorded';
import { assumed, byHour, counted, NotKnown, number, of, type UsageOf } from '../usage';

const database = z.object({
  engine: z.literal('postgres').optional(),
  instanceClass: z.string(),
  multiAz: z.boolean().default(false),
  allocatedStorage: number,
  storageType: z.string().default('gp2'),
});

const cache = z.object({
  engine: z.string().default('redis'),
  nodeType: z.string(),
  numCacheClusters: number.optional(),
  numNodeGroups: number.default(1),
  replicasPerNodeGroup: number.default(0),
});

const sized = z.object({ size: number });

const bucket: UsageOf = () => assumed('objects', 'what lies in the bucket');

/** What keeps data. */
export const data: Readonly<Record<string, UsageOf>> = {
  'aws:s3/bucket:Bucket': bucket,
  'aws:s3/bucketV2:BucketV2': bucket,
  'aws:rds/instance:Instance': counted(
    database,
    ({ instanceClass, multiAz, allocatedStorage, storageType }) => {
      const mode = multiAz ? ':multi-az' : '';
      const twice = multiAz ? ', in two zones' : '';
      return [
        ...byHour(`database:${instanceClass}${mode}`, `PostgreSQL, ${instanceClass}${twice}`),
        ...of(
          `database-storage:${storageType}${mode}`,
          `its storage, ${storageType}${twice}`,
          allocatedStorage,
        ),
      ];
    },
  ),
  'aws:elasticache/replicationGroup:ReplicationGroup': counted(cache, (inputs) => {
    const { engine, nodeType, numNodeGroups, replicasPerNodeGroup } = inputs;
    const count = inputs.numCacheClusters ?? numNodeGroups * (replicasPerNodeGroup + 1);
    return byHour(
      `${engine}:${nodeType}`,
      `${count} nodes of the cache, ${engine} ${nodeType}`,
      count,
    );
  }),
  // The first holds what is on the volumes, at most all of them; how much changes afterwards nobody knows before.
  'aws:backup/plan:Plan': (_plan, all) =>
    of('snapshots', 'snapshots of the volumes, once in full', sizeOf(all)),
};

function sizeOf(all: readonly Recorded[]): number {
  return all
    .filter(({ type }) => type === 'aws:ebs/volume:Volume')
    .reduce((total, { name, inputs }) => {
      const volume = sized.safeParse(inputs);
      if (!volume.success) throw new NotKnown(`size of volume ${name} not known`);
      return total + volume.data.size;
    }, 0);
}
