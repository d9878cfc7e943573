import type { AutoScaling, InstanceRefresh } from '@aws-sdk/client-auto-scaling';
import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { isNamed } from './api';
import { complaintsSince, groupNamed, wordFor, type Version } from './group';
import { poll, type Patience } from './poll';

const rollingBack = 'RollbackInProgress';
const over = new Set<string | undefined>([
  'Successful',
  'Failed',
  'Cancelled',
  'RollbackFailed',
  'RollbackSuccessful',
]);

/** What a scaling group is brought to. */
export interface Goal extends Version {
  readonly group: string;
  readonly warmUpSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * Replaces all servers of another version, if there are any: new ones come up before old ones go. What is under way to the
 * same version is followed; what leads to another one is cancelled first. When it fails, or takes too long, AWS goes back to
 * the version before.
 */
export async function refresh(
  scaling: AutoScaling,
  goal: Goal,
  context: Context,
  patience: Patience,
): Promise<void> {
  const under = await underWay(scaling, goal.group, patience);
  if (under && leadsTo(under) === wordFor(goal)) {
    await follow(scaling, goal, under.InstanceRefreshId, context, patience);
    return;
  }
  if (under) await cancel(scaling, goal.group, under, context, patience);
  if (await isThere(scaling, goal, patience)) return;
  await follow(scaling, goal, await start(scaling, goal), context, patience);
}

async function isThere(scaling: AutoScaling, goal: Goal, { signal }: Patience): Promise<boolean> {
  const { launches, servers } = await groupNamed(scaling, goal.group, signal);
  const version = wordFor(goal);
  return launches === version && servers.every((server) => server.version === version);
}

/** Waits for the end of a refresh. */
async function follow(
  scaling: AutoScaling,
  goal: Goal,
  id: string | undefined,
  context: Context,
  patience: Patience,
): Promise<void> {
  const begun = Date.now();
  const end = await poll(async () => {
    const now = await lookAt(scaling, goal.group, id, patience);
    context.progress(progressOf(now));
    return over.has(now.Status) ? now : undefined;
  }, patience);
  if (end?.Status === 'Successful') return;
  if (!end) await giveUp(scaling, goal.group);
  throw new UserError(
    `the servers of ${goal.group} could not be replaced: ${end ? endOf(end) : lateness(goal)}` +
      (await complaintsSince(scaling, goal.group, begun)),
  );
}

async function start(scaling: AutoScaling, goal: Goal): Promise<string | undefined> {
  const { InstanceRefreshId } = await scaling.startInstanceRefresh({
    AutoScalingGroupName: goal.group,
    DesiredConfiguration: {
      LaunchTemplate: { LaunchTemplateId: goal.launchTemplate, Version: String(goal.version) },
    },
    Preferences: {
      AutoRollback: true,
      // AWS allows a difference of 100 at most.
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 200,
      SkipMatching: true,
      InstanceWarmup: goal.warmUpSeconds,
      ScaleInProtectedInstances: 'Refresh',
      StandbyInstances: 'Terminate',
    },
  });
  return InstanceRefreshId;
}

/** The refresh that is not over; a group has one at a time, the newest. */
async function underWay(
  scaling: AutoScaling,
  group: string,
  { signal }: Patience,
): Promise<InstanceRefresh | undefined> {
  const { InstanceRefreshes = [] } = await scaling.describeInstanceRefreshes(
    { AutoScalingGroupName: group },
    { abortSignal: signal },
  );
  return InstanceRefreshes.find(({ Status }) => !over.has(Status));
}

/** The version that a refresh will end with, in a word; none for one that goes back or ends. */
function leadsTo({ Status, DesiredConfiguration }: InstanceRefresh): string | undefined {
  if (Status === rollingBack || Status === 'Cancelling') return undefined;
  const { LaunchTemplateId = '', Version = '' } = DesiredConfiguration?.LaunchTemplate ?? {};
  return `${LaunchTemplateId}:${Version}`;
}

async function cancel(
  scaling: AutoScaling,
  group: string,
  { InstanceRefreshId, Status }: InstanceRefresh,
  context: Context,
  patience: Patience,
): Promise<void> {
  context.progress(`cancelling what another deployment does with ${group}`);
  if (Status !== 'Cancelling') {
    await unlessOver(scaling.cancelInstanceRefresh({ AutoScalingGroupName: group }));
  }
  const end = await poll(async () => {
    const now = await lookAt(scaling, group, InstanceRefreshId, patience);
    return over.has(now.Status) ? now : undefined;
  }, patience);
  if (!end) {
    throw new UserError(
      `another replacement of the servers of ${group} was cancelled and does not end: wait for it, see ` +
        `aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${group}, and deploy again`,
    );
  }
}

/** Back to what ran before. A rollback that is under way already goes on. */
async function giveUp(scaling: AutoScaling, group: string): Promise<void> {
  try {
    await unlessOver(scaling.rollbackInstanceRefresh({ AutoScalingGroupName: group }));
  } catch (error) {
    if (!isNamed(error, 'IrreversibleInstanceRefreshFault')) throw error;
  }
}

/** A refresh may end between a look at it and what is asked of it. */
async function unlessOver(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!isNamed(error, 'ActiveInstanceRefreshNotFoundFault')) throw error;
  }
}

async function lookAt(
  scaling: AutoScaling,
  group: string,
  id: string | undefined,
  { signal }: Patience,
): Promise<InstanceRefresh> {
  const { InstanceRefreshes = [] } = await scaling.describeInstanceRefreshes(
    { AutoScalingGroupName: group, ...(id !== undefined && { InstanceRefreshIds: [id] }) },
    { abortSignal: signal },
  );
  const found = InstanceRefreshes[0];
  if (!found) throw new UserError(`AWS has forgotten the replacement of the servers of ${group}`);
  return found;
}

function progressOf(now: InstanceRefresh): string {
  const { Status, PercentageComplete = 0, StatusReason = '' } = now;
  const what = Status === rollingBack ? 'going back to the version before' : 'replacing servers';
  return `${what}: ${PercentageComplete} %${StatusReason && `, ${StatusReason}`}`;
}

function endOf({ Status, StatusReason, RollbackDetails }: InstanceRefresh): string {
  const reasons = [RollbackDetails?.RollbackReason, StatusReason].filter(Boolean).join(' ');
  const what: Partial<Record<string, string>> = {
    Cancelled: 'somebody cancelled it',
    RollbackSuccessful: 'the version before runs again',
    RollbackFailed: 'nor could the version before be put back',
  };
  return `${what[Status ?? ''] ?? 'it failed'}. ${reasons || 'AWS says no reason'}`;
}

function lateness({ timeoutSeconds }: Goal): string {
  return `not all were healthy within ${timeoutSeconds} s, and AWS goes back to the version before`;
}
