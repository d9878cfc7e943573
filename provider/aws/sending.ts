import type { Command, SSM } from '@aws-sdk/client-ssm';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { ended } from './invocation';
import { poll } from './poll';
import { isOf, type Script } from './script';

const document = 'AWS-RunShellScript';
/** Below it Systems Manager takes no time for the delivery. */
const shortestDeliverySeconds = 30;
/** How much later than we the server itself ends a command, when nobody is there to cancel it. */
const spareSeconds = 60;
const looked = 50;
const unfinished = new Set<string | undefined>(['Pending', 'InProgress', 'Cancelling']);

/** Where a script runs, and for how long. */
interface Order {
  readonly instanceId: string;
  readonly timeoutSeconds: number;
  readonly description: string;
}

/** Sends a script to a server. Not interruptible: what was sent has to be known. */
export async function send(ssm: SSM, order: Order, script: Script): Promise<string> {
  const lastSecond = order.timeoutSeconds + spareSeconds;
  const { Command: sent } = await ssm.sendCommand({
    DocumentName: document,
    InstanceIds: [order.instanceId],
    Comment: order.description,
    TimeoutSeconds: Math.max(order.timeoutSeconds, shortestDeliverySeconds),
    Parameters: { commands: [...script], executionTimeout: [String(lastSecond)] },
  });
  if (sent?.CommandId === undefined) throw new UserError('AWS gave the command no id');
  return sent.CommandId;
}

/**
 * The command of an earlier deployment that was cut off, if it still does the same for this resource. One that does
 * something else for it is cancelled, and waited for: two at a time would be in each other's way.
 */
export async function running(
  ssm: SSM,
  { instanceId, timeoutSeconds }: Order,
  script: Script,
  context: Context,
): Promise<string | undefined> {
  const { urn, name, signal } = context;
  const { Commands = [] } = await ssm.listCommands(
    {
      InstanceId: instanceId,
      Filters: [{ key: 'DocumentName', value: document }],
      MaxResults: looked,
    },
    { abortSignal: signal },
  );
  const own = Commands.filter(({ Status }) => unfinished.has(Status)).filter((one) =>
    isOf(scriptOf(one), urn),
  );
  const same = own.find(
    (one) => one.Status !== 'Cancelling' && isDeepStrictEqual(scriptOf(one), script),
  );
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (const { CommandId } of own.filter((one) => one !== same)) {
    context.progress(`cancelling an earlier run of ${name} (${CommandId ?? ''})`);
    await ssm.cancelCommand({ CommandId, InstanceIds: [instanceId] });
    const gone = await poll(() => ended(ssm, { commandId: CommandId, instanceId }, signal), {
      deadline,
      signal,
    });
    if (!gone) {
      throw new UserError(
        `an earlier run of ${name} on ${instanceId} (${CommandId ?? ''}) does not end: look at it with ` +
          `aws ssm list-command-invocations --details --command-id ${CommandId ?? ''}`,
      );
    }
  }
  return same?.CommandId;
}

function scriptOf({ Parameters }: Command): Script {
  return Parameters?.commands ?? [];
}
