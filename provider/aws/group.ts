import type { Activity, AutoScaling } from '@aws-sdk/client-auto-scaling';
import { UserError } from '../../engine/errors';

const shownActivities = 5;
const looked = 100;
/** A server that never says that it is healthy began half an hour before it is given up, perhaps before anybody waited. */
const slackMs = 40 * 60_000;

/** A version of a launch template. */
export interface Version {
  readonly launchTemplate: string;
  readonly version: number;
}

/** A version as one word: `lt-0123456789abcdef0:7`. */
export function wordFor({ launchTemplate, version }: Version): string {
  return `${launchTemplate}:${version}`;
}

/** A scaling group as it is. */
export interface Group {
  /** The version that it launches servers of, in a word. */
  readonly launches: string;
  /** How many servers it should have. */
  readonly desired: number;
  /** Those that have started and are not on their way out. */
  readonly servers: readonly { readonly id: string; readonly version: string }[];
}

/** The scaling group of a name; a `UserError` when there is none. */
export async function groupNamed(
  scaling: AutoScaling,
  name: string,
  signal: AbortSignal,
): Promise<Group> {
  const group = await findGroup(scaling, name, signal);
  if (!group) throw new UserError(`AWS has no scaling group ${name}`);
  return group;
}

/** The scaling group of a name, if there is one. */
export async function findGroup(
  scaling: AutoScaling,
  name: string,
  abortSignal: AbortSignal,
): Promise<Group | undefined> {
  const { AutoScalingGroups = [] } = await scaling.describeAutoScalingGroups(
    { AutoScalingGroupNames: [name] },
    { abortSignal },
  );
  const group = AutoScalingGroups[0];
  return (
    group && {
      launches: templateOf(group),
      desired: group.DesiredCapacity ?? 0,
      servers: (group.Instances ?? [])
        .filter(({ LifecycleState }) => LifecycleState === 'InService')
        .map((server) => ({ id: server.InstanceId ?? '', version: templateOf(server) })),
    }
  );
}

/**
 * Why servers of a group were not started, or were taken away, from shortly before a moment on: a few sentences, newest
 * first.
 */
export async function complaintsSince(
  scaling: AutoScaling,
  name: string,
  since: number,
): Promise<string> {
  const { Activities = [] } = await scaling.describeScalingActivities({
    AutoScalingGroupName: name,
    MaxRecords: looked,
  });
  const sentences = Activities.filter(({ StartTime }) => Number(StartTime) >= since - slackMs)
    .map(complaint)
    .filter((sentence) => sentence !== undefined);
  return [...new Set(sentences)]
    .slice(0, shownActivities)
    .map((sentence) => `\n  - ${sentence}`)
    .join('');
}

function complaint({
  StatusCode,
  StatusMessage,
  Description,
  Cause,
}: Activity): string | undefined {
  // A server that never said that it is ready is `Cancelled`.
  if (StatusCode === 'Failed' || StatusCode === 'Cancelled') return StatusMessage ?? Description;
  return Cause?.includes('health check') ? Cause : undefined;
}

function templateOf({
  LaunchTemplate,
}: {
  LaunchTemplate?: { LaunchTemplateId?: string | undefined; Version?: string | undefined };
}): string {
  return LaunchTemplate
    ? `${LaunchTemplate.LaunchTemplateId ?? ''}:${LaunchTemplate.Version ?? ''}`
    : 'none';
}
