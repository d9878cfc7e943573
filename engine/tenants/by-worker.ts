import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clusters } from '../../provider/tenancy/clusters';
import { enqueue, jobState, type WantedJob } from '../../provider/tenancy/jobs';
import { UserError } from '../errors';
import type { Terminal } from '../terminal';
import type { Access } from './access';

const pollMs = 500;

/** A worker that is there takes a job at once, unless it has others. */
const patienceMs = 60_000;

/**
 * Whether a stack keeps something of tenants where only its containers reach it, so that its worker has to do what copies
 * and deletes. Whoever names a database by --url means that one alone.
 */
export function isForWorker({ services }: Access, out: Terminal): boolean {
  if (services === undefined) {
    out.note('Only Postgres is looked at: files in an object store and keys in Redis are not.');
    return false;
  }
  return ['storage', 'redis'].some((name) => name in services);
}

/**
 * Asks the worker for a job and follows it to its end; returns what came of it. Throws what the worker says against it,
 * and one sentence when nobody takes it for a minute. Whoever stops to follow stops nothing.
 */
export async function byWorker(
  clusters: Clusters,
  job: WantedJob,
  out: Terminal,
  waitMs = patienceMs,
): Promise<unknown> {
  const id = await enqueue(clusters, job);
  out.note(`The worker is asked for it (job ${id}).`);
  const deadline = performance.now() + waitMs;
  let told: string | null = null;
  for (;;) {
    const { state, error, progress, result, attempts } = await jobState(clusters, id);
    const news =
      state === 'queued' && error !== null ? `attempt ${String(attempts)}: ${error}` : progress;
    if (news !== null && news !== told) out.note((told = news));
    if (state === 'done') return result;
    if (state === 'failed') throw new UserError(error ?? 'the worker gave it up');
    if (attempts === 0 && performance.now() > deadline) {
      throw new UserError(
        `No worker has taken job ${id} so far: look at its service "tenants" (npm run status). It stays queued.`,
      );
    }
    await sleep(pollMs);
  }
}

/** The name of a folder in the worker's volume. Throws when it is a path. */
export function inVolume(folder: string): string {
  if (folder === path.basename(folder) && /^[a-z0-9][a-z0-9-]{0,62}$/.test(folder)) return folder;
  throw new UserError(
    `${folder} is a path; this stack's worker keeps exports in its volume: name a folder there (a-z, 0-9 and -, 63 characters at most)`,
    2,
  );
}
