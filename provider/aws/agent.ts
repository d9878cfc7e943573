import type { SSM } from '@aws-sdk/client-ssm';
import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { isNamed } from './api';
import { poll } from './poll';

/** From the start of a server until its agent reports takes one or two minutes. */
const patienceSeconds = 600;

/** Waits until the Systems Manager agent of a server listens, no longer than `timeoutSeconds`. */
export async function untilOnline(
  ssm: SSM,
  { instanceId, timeoutSeconds }: { instanceId: string; timeoutSeconds: number },
  context: Context,
): Promise<void> {
  const seconds = Math.min(timeoutSeconds, patienceSeconds);
  let status = 'it never did';
  const online = await poll(
    async () => {
      const found = await ping(ssm, instanceId, context.signal);
      if (found === 'Online') return true;
      if (found !== undefined) status = `its state is ${found}`;
      context.progress(`waiting for ${instanceId} to report to Systems Manager: ${status}`);
      return undefined;
    },
    { deadline: Date.now() + seconds * 1000, signal: context.signal },
  );
  if (!online) throw new UserError(silent(instanceId, seconds, status));
}

/** What Systems Manager knows of a server's agent; undefined while it has never reported. */
export async function ping(
  ssm: SSM,
  instanceId: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { InstanceInformationList = [] } = await ssm.describeInstanceInformation(
      { Filters: [{ Key: 'InstanceIds', Values: [instanceId] }] },
      { abortSignal },
    );
    return InstanceInformationList[0]?.PingStatus;
  } catch (error) {
    if (isNamed(error, 'InvalidInstanceId')) return undefined;
    throw error;
  }
}

function silent(instanceId: string, seconds: number, status: string): string {
  return (
    `server ${instanceId} did not report to Systems Manager within ${seconds} s (${status}). Look at:\n` +
    '  - whether it runs, and what it wrote while it started: ' +
    `aws ec2 get-console-output --latest --output text --instance-id ${instanceId}\n` +
    '  - its way out: a NAT gateway, or the endpoints ssm, ssmmessages and ec2messages, and HTTPS to them in its ' +
    'security group\n' +
    '  - its role: an instance profile with AmazonSSMManagedInstanceCore or the same rights'
  );
}
