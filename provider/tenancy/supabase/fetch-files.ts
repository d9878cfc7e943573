import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, UserError } from '../../../engine/errors';
import type { PlannedFile } from './files';

/** Below the folder of a copy: what has come so far. A slug begins with a letter, so it is no tenant's. */
const fetchedFolder = '.files';

/** At the same time. */
const atOnce = 8;

export function fetchedFile(folder: string, { id }: Pick<PlannedFile, 'id'>): string {
  return path.join(folder, fetchedFolder, id);
}

/** Once every tenant is written. */
export function forgetFetched(folder: string): Promise<void> {
  return rm(path.join(folder, fetchedFolder), { recursive: true, force: true });
}

/**
 * Brings files by the project's S3 endpoint into `folder`. Interrupted, the same call goes on: what is there with its size
 * is not asked for again. Throws one sentence that names the file which does not come, or has another size than its row.
 */
export async function fetchFiles(
  s3: S3Client,
  files: readonly PlannedFile[],
  folder: string,
): Promise<{ readonly came: number; readonly there: number }> {
  await mkdir(path.join(folder, fetchedFolder), { recursive: true, mode: 0o700 });
  const counts = { came: 0, there: 0 };
  const left = [...files];
  const work = async (): Promise<void> => {
    for (let file = left.shift(); file; file = left.shift()) {
      if ((await bytesOf(fetchedFile(folder, file))) === file.bytes) counts.there += 1;
      else {
        await fetchOne(s3, file, fetchedFile(folder, file));
        counts.came += 1;
      }
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    work().catch((error: unknown) => {
      // What is on its way comes, nothing else is begun.
      left.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return counts;
}

async function fetchOne(s3: S3Client, file: PlannedFile, to: string): Promise<void> {
  const { bucket, path: key, bytes } = file;
  try {
    const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const part = `${to}.part`;
    await pipeline(body as Readable, createWriteStream(part, { mode: 0o600 }));
    const found = await bytesOf(part);
    if (found !== bytes) throw new Error(`${String(found)} bytes came, and its row says ${bytes}`);
    await rename(part, to);
  } catch (error) {
    throw new UserError(`The file ${bucket}/${key} does not come: ${messageOf(error)}`);
  }
}

async function bytesOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}
