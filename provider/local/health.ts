import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { probe } from './probe';
import type { Started } from './supervisor';

const pollMs = 150;
const tellEveryMs = 1_000;

/** How long a process without a health check has to live to count as started. */
const settleMs = 500;

/** How one tells that a process does its work: a URL that answers with 2xx, or a port that takes connections. */
export interface Health {
  http?: string | undefined;
  tcp?: number | undefined;
  timeoutSeconds: number;
}

/**
 * Waits until a process that was just started is healthy.
 * Throws an error with its last lines when it ends first, when its time is up, or when the engine asks to stop.
 */
export async function waitHealthy(
  started: Started,
  health: Health | undefined,
  context: Context,
): Promise<void> {
  const begun = Date.now();
  const { name } = context;
  let told = 0;
  let trouble: string | undefined = 'not asked yet';
  const ended = { words: '' };
  void started.ended.then(({ words }) => (ended.words = words));

  while (trouble !== undefined) {
    await sleep(health ? pollMs : settleMs);
    // First the probe: while it runs the process may end.
    trouble = health && (await probeHealth(health));
    if (ended.words) {
      throw new UserError(withLog(`${name} ${ended.words} before it was ready`, started));
    }
    context.signal.throwIfAborted();
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (health && trouble !== undefined && seconds >= health.timeoutSeconds) {
      throw new UserError(
        withLog(`${name} was not healthy within ${health.timeoutSeconds} s: ${trouble}`, started),
      );
    }
    if (trouble !== undefined && Date.now() - told > tellEveryMs) {
      told = Date.now();
      context.progress(`waiting for ${name} (${seconds} s): ${trouble}`);
    }
  }
}

/** A message with the last lines of a process below it. */
export function withLog(message: string, started: Started): string {
  const lines = started.logTail();
  return lines ? `${message}. Its last lines:\n${lines}` : `${message}; it wrote nothing`;
}

/** Why a check fails, asked once; undefined when it succeeds. */
export async function probeHealth({ http, tcp }: Health): Promise<string | undefined> {
  const trouble = tcp === undefined ? undefined : await probe(`tcp://127.0.0.1:${tcp}`);
  return trouble ?? (http === undefined ? undefined : probe(http));
}
