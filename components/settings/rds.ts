import { z } from 'zod';
import type { AwsSettings } from './aws';
import type { TierName } from './names';
import * as values from './values';

/** GiB of memory of each class. */
const classes = {
  'db.t4g.medium': 4,
  'db.t4g.large': 8,
  'db.m7g.large': 8,
  'db.m7g.xlarge': 16,
  'db.m7g.2xlarge': 32,
  'db.m7g.4xlarge': 64,
  'db.m7g.8xlarge': 128,
  'db.r7g.large': 16,
  'db.r7g.xlarge': 32,
  'db.r7g.2xlarge': 64,
  'db.r7g.4xlarge': 128,
  'db.r7g.8xlarge': 256,
  'db.r7g.16xlarge': 512,
} as const;

type InstanceClass = keyof typeof classes;

const usual: Readonly<Record<TierName, InstanceClass>> = {
  single: 'db.m7g.large',
  split: 'db.r7g.large',
  'load-balanced': 'db.r7g.xlarge',
};

const known = Object.keys(classes) as [InstanceClass, ...InstanceClass[]];

/** By how much a volume may grow by itself when nothing is said. */
const growth = 4;

/** Only the major: AWS installs newer minors by itself and makes none older. Another major is a change by hand. */
export const databaseVersion = '18';

/** `strata:aws.rds`. */
export const rds = z
  .strictObject({
    instanceClass: z
      .enum(known, { error: `one of ${known.join(', ')}` })
      .optional()
      .describe(
        `What the database and each replica is. When not given: ${usual.single} in tier single, ${usual.split} in split, ` +
          `${usual['load-balanced']} in load-balanced. Another one restarts it.`,
      ),
    multiAz: z
      .boolean({ error: 'true or false, without quotes' })
      .optional()
      .describe(
        'Whether a standby in another zone takes over when the database fails; it costs as much again. When not given: in ' +
          'tier load-balanced.',
      ),
    replicas: values
      .whole('a whole number from 0 to 15, without quotes', 0, 15)
      .default(0)
      .describe(
        'Copies that can be read and are a moment behind; no service of the platform does.',
      ),
    backupDays: values
      .whole('a whole number of days from 7 to 35, without quotes', 7, 35)
      .default(7)
      .describe('To any moment of how many days the database can be brought back.'),
    storageLimit: values
      .whole('a whole number of GB from 22 to 65536, without quotes', 22, 65_536)
      .optional()
      .describe(
        `To how many GB its volume may grow by itself; ${growth} times strata:aws.volumes.database when not given.`,
      ),
  })
  .prefault({})
  .describe('The database, where database is rds.');

/** What the settings and the tier make of it. */
export interface ManagedDatabasePlan {
  readonly instanceClass: InstanceClass;
  /** MiB of memory that it has. */
  readonly memory: number;
  readonly multiAz: boolean;
  readonly replicas: number;
  readonly backupDays: number;
  /** GB. */
  readonly storage: number;
  readonly storageLimit: number;
}

export function managedDatabase({
  aws: { rds: given, volumes },
  tier,
}: {
  readonly aws: AwsSettings;
  readonly tier: TierName;
}): ManagedDatabasePlan {
  const instanceClass = given.instanceClass ?? usual[tier];
  return {
    instanceClass,
    memory: classes[instanceClass] * 1024,
    multiAz: given.multiAz ?? tier === 'load-balanced',
    replicas: given.replicas,
    backupDays: given.backupDays,
    storage: volumes.database,
    storageLimit: given.storageLimit ?? volumes.database * growth,
  };
}
