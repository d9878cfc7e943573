import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { archive, type Entry } from '../../../../provider/docker/context';

/** An archive that has been written. */
export interface Archive {
  readonly file: string;
  /** Of its bytes, in hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Writes entries as one archive. The same entries are the same bytes on every machine: that is why it is not compressed,
 * for what a compressor makes of them depends on its version and on the processor.
 */
export async function writeArchive(entries: readonly Entry[], file: string): Promise<Archive> {
  const bytes = await buffer(archive(entries));
  mkdirSync(path.dirname(file), { recursive: true });
  // Another preview may be reading the one that was there.
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, bytes);
  renameSync(fresh, file);
  return { file, sha256: createHash('sha256').update(bytes).digest('hex') };
}
