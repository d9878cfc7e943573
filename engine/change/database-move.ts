import { declaredDatabases } from '../../components/settings/aws-database';
import { names } from '../../components/data/names';
import { deletionToken, deletionVariable } from '../deletion';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import type { Properties, Step } from './steps';

/** Where the database of a stack on AWS is: on a server, or on its way to RDS (`strata:aws.databaseMove`). */
type Stage = 'server' | 'copying' | 'moved' | 'settled';

/** A step of the way from a server to RDS, or back. */
export interface DatabaseMove {
  readonly from: Stage;
  readonly to: Stage;
}

const old = names.volume('database', 1);
const fresh = names.volume(
  'database',
  declaredDatabases({ database: 'rds', databaseMove: 'copying' }).managed ?? 0,
);

const oldType = 'aws:ebs/volume:Volume';
const freshType = 'aws:rds/instance:Instance';

/** Undefined where nothing of it changes, and where a preview that broke off does not show it. */
export function databaseMove(steps: readonly Step[]): DatabaseMove | undefined {
  const [from, to] = [stageOf(steps, 'before'), stageOf(steps, 'after')];
  return from && to && from !== to ? { from, to } : undefined;
}

/** From where to where one cannot go at once, and what lies in between: there rows move, and the way back is kept. */
const between: Readonly<Record<string, Stage>> = {
  'server moved': 'copying',
  'server settled': 'copying',
  'copying settled': 'moved',
  'moved server': 'copying',
};

/** Throws where a stage would be passed over, and where the way back would lead to a volume without the rows. */
export function requireStages(stack: string, steps: readonly Step[]): void {
  const move = databaseMove(steps);
  if (move === undefined) return;
  if (move.from === 'settled') {
    throw new UserError(
      `The rows of stack "${stack}" are on RDS (${fresh}) alone: a new ${old} would be empty, and people would write there. ` +
        'Nothing was done. Put "strata:aws.database: rds" and "strata:aws.databaseMove: settled" back.',
    );
  }
  const first = between[`${move.from} ${move.to}`];
  if (first === undefined) return;
  const wanted = move.to === 'server' ? 'database: vm' : `databaseMove: ${move.to}`;
  throw new UserError(
    `The database of stack "${stack}" cannot go to "strata:aws.${wanted}" at once; nothing was done. Deploy ` +
      `"strata:aws.databaseMove: ${first}" first: it says what comes next.`,
  );
}

/** What the step is, what comes next, and how to go back. */
export function moveLines(stack: string, { to }: DatabaseMove): string[] {
  const up = `npm run up${stackOption(stack)}`;
  const giveUp = (name: string, type: string): string =>
    `${deletionVariable}=${deletionToken(stack, name, type)} ${up}`;
  const told: Readonly<Record<Stage, readonly string[]>> = {
    server: [
      `The platform uses Postgres on the server (${old}); ${fresh} on RDS is given up, with all that was written there.`,
    ],
    copying: [
      `The platform uses Postgres on the server (${old}); ${fresh} on RDS stands beside it.`,
      `Next: npm run move-database -- plan --stack ${stack}, then rehearse, then run; when that has ended well, ` +
        `"strata:aws.databaseMove: moved" and ${up}. Nobody is served from run until then.`,
      `Going back: before run has ended, take the deletion protection of ${fresh} off at AWS, then "database: vm" without ` +
        `databaseMove, and ${giveUp(fresh, freshType)}`,
      `  Afterwards ${old} is as old as the switch, and a deployment on it is refused.`,
    ],
    moved: [
      `The platform uses ${fresh} on RDS; ${old} stays as it was at the switch, and nothing works on it.`,
      'The job that fills the database refuses unless the move has ended well; if it does, deploy "copying" again.',
      `Next: when you no longer want the rows as they were, "strata:aws.databaseMove: settled", and ${giveUp(old, oldType)}`,
      `Going back: what is written from now on is on RDS alone, and a deployment on ${old} is refused.`,
    ],
    settled: [
      `The platform uses ${fresh} on RDS, and ${old} is given up: AWS keeps a last snapshot of it.`,
      'Leave "strata:aws.databaseMove: settled" as it is from now on. There is no way back.',
    ],
  };
  return [...told[to]];
}

function stageOf(steps: readonly Step[], side: 'before' | 'after'): Stage | undefined {
  const find = (type: string, name: string): Properties | undefined =>
    steps.find((step) => step.type === type && step.name === name && step[side])?.[side];
  const attached = find('aws:ec2/volumeAttachment:VolumeAttachment', old);
  const volume = find(oldType, old);
  const managed = find(freshType, fresh);
  if (!volume) return managed && isGone(steps, side) ? 'settled' : undefined;
  if (!attached) return undefined;
  if (!managed) return 'server';
  // Nothing that works on it has to be stopped before it goes.
  return attached.inputs.stopInstanceBeforeDetaching === true ? 'copying' : 'moved';
}

/** A preview that broke off has not come to everything; to deletions it comes last. */
function isGone(steps: readonly Step[], side: 'before' | 'after'): boolean {
  const deleted = steps.some(
    ({ type, name, operation }) => type === oldType && name === old && operation === 'delete',
  );
  return side === 'before' ? !deleted : deleted;
}
