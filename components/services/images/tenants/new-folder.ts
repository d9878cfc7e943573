import { readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { manifestFile, refuseFull } from '../../../../provider/tenancy/export-folder';
import type { Held } from '../../../../provider/tenancy/jobs';

/**
 * Has `write` fill a folder, which gets its name when it is whole. What an attempt leaves that fails or is interrupted
 * lies beside it under the job's name, and goes with the next one. Throws `RefusedError` where somebody has something in
 * a folder of that name.
 */
export async function inNewFolder<T>(
  folder: string,
  job: Held,
  write: (part: string) => Promise<T>,
): Promise<T> {
  if (job.attempt === 1) await refuseFull(folder);
  await removeParts(folder, job);
  // A worker that lost this job, and does not know it yet, writes elsewhere.
  const part = path.join(path.dirname(folder), `${partOf(job)}${String(job.attempt)}`);
  try {
    const written = await write(part);
    await giveName(part, folder);
    return written;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function removeParts(folder: string, job: Held): Promise<void> {
  const beside = path.dirname(folder);
  const parts = (await readdir(beside)).filter((name) => name.startsWith(partOf(job)));
  for (const name of parts) await rm(path.join(beside, name), { recursive: true, force: true });
}

/** No name that a job may ask for. */
function partOf({ id }: Held): string {
  return `.${id}.`;
}

/** An earlier attempt whose end nobody heard of has given the name to the same bytes. */
async function giveName(part: string, folder: string): Promise<void> {
  try {
    await rename(part, folder);
  } catch (error) {
    if (await areSame(part, folder)) return;
    await refuseFull(folder);
    throw error;
  }
}

async function areSame(one: string, other: string): Promise<boolean> {
  const [written, there] = await Promise.all(
    [one, other].map((at) => readFile(path.join(at, manifestFile)).catch(() => undefined)),
  );
  return written !== undefined && there !== undefined && written.equals(there);
}
