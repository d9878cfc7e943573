import { z } from 'zod';
import { contradict } from './contradictions';
import type { TargetName } from './names';

const allowed = 'copying, moved or settled';

/** `strata:aws.databaseMove`. */
export const databaseMove = z
  .enum(['copying', 'moved', 'settled'], { error: allowed })
  .optional()
  .describe(
    'For a stack whose database was on a server before: copying makes RDS beside it, moved uses RDS and keeps the old ' +
      'volume, settled gives that up and stays. Not given where the database has always been RDS.',
  );

interface AwsDatabases {
  readonly database: 'vm' | 'rds';
  readonly databaseMove?: z.output<typeof databaseMove>;
}

interface Databases {
  readonly target: TargetName;
  readonly aws: AwsDatabases;
}

/** A move to RDS of what is to stay on a server. */
export function moveToManaged(
  { database, databaseMove: move }: AwsDatabases,
  context: z.core.$RefinementCtx,
): void {
  if (database === 'rds' || move === undefined) return;
  contradict(context, ['databaseMove'], {
    reason: 'moves the database to RDS, and "database" is vm',
    advice: 'Set "database: rds", or take it out.',
  });
}

/** Whether AWS runs the database that the platform uses, and not a server of the platform. */
export function hasManagedDatabase({ target, aws: { database, ...aws } }: Databases): boolean {
  return target === 'aws' && database === 'rds' && aws.databaseMove !== 'copying';
}

/** Whether its rows come from another server: a deployment begins none without them. */
export function isMovedDatabase(settings: Databases): boolean {
  return hasManagedDatabase(settings) && settings.aws.databaseMove !== undefined;
}

/** What there is on AWS, used or not: the volume of Postgres on a server, and the generation of what AWS runs. */
export function declaredDatabases({ database, databaseMove: move }: AwsDatabases): {
  readonly volume: boolean;
  readonly managed?: number;
} {
  if (database === 'vm') return { volume: true };
  if (move === undefined) return { volume: false, managed: 1 };
  return { volume: move !== 'settled', managed: 2 };
}
