import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `ready` says so; an error of a connection that is not there yet counts as no. */
export async function until(ready: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      if (await ready()) return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    if (Date.now() > deadline) throw new Error(`not so after ${String(seconds)} s`);
    await sleep(50);
  }
}
