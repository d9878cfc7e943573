import { setTimeout as sleep } from 'node:timers/promises';

const firstPauseMs = 250;
const longestPauseMs = 5_000;
const growth = 1.5;

/** When to stop asking. */
export interface Patience {
  /** As `Date.now()` counts. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Asks until there is an answer, more and more seldom; undefined when the deadline came before it. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { deadline, signal }: Patience,
): Promise<T | undefined> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * growth, longestPauseMs)) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    const leftMs = deadline - Date.now();
    if (leftMs <= 0) return undefined;
    await interruptible(Math.min(pauseMs, leftMs), signal);
  }
}

/** Throws the signal's own reason, which says more than that something was aborted. */
async function interruptible(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
