import { UserError } from '../../engine/errors';
import { lastLines } from '../docker/output';
import { ping } from './agent';
import { computers, systemsManager } from './api';
import { ended } from './invocation';
import { poll } from './poll';
import { isStopped } from './power';
import { send } from './sending';

/** What a server is asked. */
export interface Question {
  readonly region: string;
  readonly instanceId: string;
  /** A line of a shell; its answer is what it prints. */
  readonly line: string;
  readonly timeoutSeconds: number;
  /** For people, in AWS's console. */
  readonly description: string;
}

/**
 * What a command says that changes nothing on a server. Throws a `UserError` that says why the server gives no answer; it is
 * neither started nor waited for.
 */
export async function ask(question: Question, signal: AbortSignal): Promise<string> {
  const { region, instanceId, line, timeoutSeconds } = question;
  const [ssm, ec2] = await Promise.all([systemsManager(region), computers(region)]);
  if (await isStopped(ec2, instanceId, signal)) throw new UserError('it is stopped');
  const agent = await ping(ssm, instanceId, signal);
  if (agent !== 'Online') {
    throw new UserError(`it does not report to Systems Manager (${agent ?? 'it never did'})`);
  }
  const commandId = await send(ssm, question, ['#!/bin/sh', line]);
  const deadline = Date.now() + timeoutSeconds * 1000;
  const end = await poll(() => ended(ssm, { commandId, instanceId }, signal), { deadline, signal });
  if (!end) throw new UserError(`it gave no answer within ${timeoutSeconds} s`);
  const { Status, StandardOutputContent = '', StandardErrorContent = '' } = end;
  if (Status === 'Success') return StandardOutputContent;
  throw new UserError(
    `"${line}" failed: ${lastLines(StandardErrorContent || StandardOutputContent)}`,
  );
}
