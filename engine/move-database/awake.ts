import type { Ends } from '../../provider/database-move/ends';
import { withClient } from '../../provider/database/connect';

/** Accounts choose 1 to 60 minutes; AWS's own choice is 20. */
const beatMs = 30_000;

/**
 * Runs `work` and asks both servers something now and then: Systems Manager ends a session through which nothing comes,
 * and building an index, or summing a large table, is silent for as long as it takes.
 */
export async function awake<T>(
  { source, target }: Ends,
  work: () => Promise<T>,
  everyMs = beatMs,
): Promise<T> {
  let beats: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // Whoever works through a lost session says so.
    beats = Promise.allSettled(
      [source, target].map((url) => withClient(url, (client) => client.query('select'))),
    );
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await beats;
  }
}
