import type { GetCommandInvocationResult, SSM } from '@aws-sdk/client-ssm';
import { UserError } from '../../engine/errors';
import { lastLines, withLines } from '../docker/output';
import type { Context } from '../host/resource';
import { isNamed } from './api';
import { poll } from './poll';

const underWay = new Set<string | undefined>(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** A command on one server. */
interface Where {
  readonly commandId: string | undefined;
  readonly instanceId: string;
}

/** What became of a command; undefined while it is under way. */
export async function ended(
  ssm: SSM,
  { commandId, instanceId }: Where,
  abortSignal: AbortSignal,
): Promise<GetCommandInvocationResult | undefined> {
  try {
    const now = await ssm.getCommandInvocation(
      { CommandId: commandId, InstanceId: instanceId },
      { abortSignal },
    );
    return underWay.has(now.Status) ? undefined : now;
  } catch (error) {
    // What was sent a moment ago may not be known everywhere yet.
    if (isNamed(error, 'InvocationDoesNotExist')) return undefined;
    throw error;
  }
}

/** Waits for the end of a command; cancels it when time is up, and when the deployment is interrupted. */
export async function finish(
  ssm: SSM,
  command: Where & { readonly timeoutSeconds: number; readonly description: string },
  context: Context,
): Promise<void> {
  const { commandId, instanceId, timeoutSeconds, description } = command;
  const { signal } = context;
  const begun = Date.now();
  const what = `command ${context.name} on ${instanceId}`;
  const cancel = () => ssm.cancelCommand({ CommandId: commandId, InstanceIds: [instanceId] });
  const look = () => {
    const seconds = Math.round((Date.now() - begun) / 1000);
    context.progress(`${description} on ${instanceId} (${seconds} s)`);
    return ended(ssm, command, signal);
  };
  let result: GetCommandInvocationResult | undefined;
  try {
    result = await poll(look, { deadline: begun + timeoutSeconds * 1000, signal });
  } catch (error) {
    // Should it not hear of it, the next deployment finds it.
    if (signal.aborted) await cancel().catch(() => undefined);
    throw error;
  }
  if (!result) {
    await cancel();
    throw new UserError(
      `${what} did not end within ${timeoutSeconds} s and was cancelled. What it wrote is in the server's journal: ` +
        `aws ssm start-session --target ${instanceId}, then journalctl -t strata`,
    );
  }
  if (result.Status === 'Success') return;
  throw new UserError(withLines(`${what} ${whatHappened(result)}`, linesOf(result)));
}

function whatHappened({ Status, StatusDetails, ResponseCode }: GetCommandInvocationResult): string {
  if (Status === 'Failed' && ResponseCode !== undefined && ResponseCode > 0) {
    return `ended with exit code ${ResponseCode}`;
  }
  return `did not end well: Systems Manager says ${StatusDetails ?? Status ?? 'nothing'}`;
}

/** The agent's own complaints stand apart from what the command wrote. */
function linesOf(result: GetCommandInvocationResult): string {
  const { StandardOutputContent = '', StandardErrorContent = '' } = result;
  return lastLines(StandardOutputContent) || lastLines(StandardErrorContent);
}
