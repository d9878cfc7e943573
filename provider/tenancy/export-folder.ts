import { createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fingerprint, fingerprinting, type Fingerprint } from './rows';
import { RefusedError } from './wanted';

const uuid = z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** What an export has. No date, no model, no shard: the same tenant is the same bytes wherever its rows are. */
export const manifestSchema = z.strictObject({
  format: z.literal('strata tenant 1'),
  tenant: z.strictObject({
    id: uuid,
    slug: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
    name: z.string().min(1).max(200),
  }),
  anonymised: z.boolean(),
  members: z.array(
    z.strictObject({
      id: uuid,
      handle: z.string().min(1).max(200),
      role: z.enum(['admin', 'member']),
      since: z.iso.datetime({ precision: 6 }),
    }),
  ),
  tables: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$/),
      columns: z.array(z.string().min(1).max(63)),
      rows: count,
      bytes: count,
      sha256,
    }),
  ),
  objects: z.array(z.strictObject({ id: uuid, bytes: count, sha256 })),
});

export type Manifest = z.output<typeof manifestSchema>;
export type Contents = Pick<Manifest, 'members' | 'tables' | 'objects'>;

/** Where an export is written to. */
export interface Sink {
  write(file: string, content: Readable): Promise<Fingerprint>;
}

export const manifestFile = 'manifest.json';
export const exportFolders = ['rows', 'objects'] as const;

export const rowsFile = (table: string): string => `rows/${table}.copy`;
export const objectFile = (id: string): string => `objects/${id}`;

/** Nothing is kept: what is asked for is the manifest. */
export const nowhere: Sink = { write: (_file, content) => fingerprint(content) };

/** A new folder for its owner alone. Throws one sentence when it has something in it. */
export async function folderSink(folder: string): Promise<Sink> {
  await refuseFull(folder);
  await makeFolder(folder);
  for (const name of exportFolders) await mkdir(path.join(folder, name), { mode: 0o700 });
  return {
    async write(file, content) {
      const { tap, result } = fingerprinting();
      const to = createWriteStream(path.join(folder, file), { mode: 0o600, flags: 'wx' });
      await pipeline(content, tap, to);
      return result();
    },
  };
}

/** With those above it. Node's own way to do that never ends where the kernel lets nobody make a folder, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const above = path.dirname(path.resolve(folder));
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EEXIST':
        return;
      case 'ENOENT':
        if (!(await lstat(above).catch(() => undefined))) {
          await makeFolder(above);
          return makeFolder(folder);
        }
    }
    throw new RefusedError(`the folder ${folder} cannot be made: ${(error as Error).message}`);
  }
}

/** Throws `RefusedError` when there is something in a folder already; one that is not there is empty. */
export async function refuseFull(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new RefusedError(
      code === 'ENOTDIR' ? `${folder} is no folder` : `${folder} cannot be read: ${message}`,
    );
  });
  if (found.length === 0) return;
  if (isUnfinished(found)) throw unfinished(folder);
  throw new RefusedError(`${folder} is not empty: an export needs a folder of its own`);
}

/** What an export that was killed leaves: everything but the manifest, which comes last. */
export function isUnfinished(found: readonly string[]): boolean {
  return (
    found.length > 0 && found.every((name) => (exportFolders as readonly string[]).includes(name))
  );
}

export function unfinished(folder: string): RefusedError {
  return new RefusedError(
    `${folder} holds an export that was not finished: remove it, it has rows of a tenant, and export again`,
  );
}

/** The manifest as text: the same contents are the same bytes. */
export function manifestText(contents: Manifest): string {
  const ordered = manifestSchema.parse({
    ...contents,
    members: sortBy(contents.members, ({ id }) => id),
    tables: sortBy(contents.tables, ({ name }) => name),
    objects: sortBy(contents.objects, ({ id }) => id),
  });
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** Written last: a folder without it is no export. */
export async function writeManifest(folder: string, text: string): Promise<void> {
  const file = await open(path.join(folder, manifestFile), 'wx', 0o600);
  try {
    await writeFile(file, text);
    await file.sync();
  } finally {
    await file.close();
  }
}

export function sha256Of(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
