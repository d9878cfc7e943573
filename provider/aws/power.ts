import type { EC2 } from '@aws-sdk/client-ec2';
import type { Context } from '../host/resource';
import { isNamed } from './api';
import { poll, type Patience } from './poll';

/** Whether a server was stopped; one that is gone, or starts or runs, was not. */
export async function isStopped(
  ec2: EC2,
  instanceId: string,
  signal: AbortSignal,
): Promise<boolean> {
  return ['stopping', 'stopped'].includes((await stateOf(ec2, instanceId, signal)) ?? '');
}

/**
 * Starts a server that was stopped: nobody else would, neither after a volume was taken off it in a change that failed
 * nor after somebody stopped it by hand.
 */
export async function start(
  ec2: EC2,
  instanceId: string,
  context: Context,
  patience: Patience,
): Promise<void> {
  await poll(async () => {
    const state = await stateOf(ec2, instanceId, patience.signal);
    if (state === 'stopped') {
      context.progress(`starting ${instanceId}, which was stopped`);
      await ec2.startInstances({ InstanceIds: [instanceId] }, { abortSignal: patience.signal });
    }
    return state === 'stopping' || state === 'stopped' ? undefined : true;
  }, patience);
}

async function stateOf(
  ec2: EC2,
  instanceId: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { Reservations = [] } = await ec2.describeInstances(
      { InstanceIds: [instanceId] },
      { abortSignal },
    );
    return Reservations[0]?.Instances?.[0]?.State?.Name;
  } catch (error) {
    if (isNamed(error, 'InvalidInstanceID.NotFound')) return undefined;
    throw error;
  }
}
