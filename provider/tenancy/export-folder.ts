import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
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
const manifest = z.strictObject({
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

export type Manifest = z.output<typeof manifest>;
export type Contents = Pick<Manifest, 'members' | 'tables' | 'objects'>;

/** Where an export is written to. */
export interface Sink {
  write(file: string, content: Readable): Promise<Fingerprint>;
}

/** An export that was read and found whole. */
export interface Source {
  readonly manifest: Manifest;
  /** Of manifest.json, which has the hashes of everything else. */
  readonly sha256: string;
  open(file: string): Readable;
}

export const manifestFile = 'manifest.json';
const folders = ['rows', 'objects'] as const;

/** More than a million files' lines: whoever says more wants to fill the memory. */
const longestManifest = 256 * 1024 * 1024;

export const rowsFile = (table: string): string => `rows/${table}.copy`;
export const objectFile = (id: string): string => `objects/${id}`;

/** Nothing is kept: what is asked for is the manifest. */
export const nowhere: Sink = { write: (_file, content) => fingerprint(content) };

/** A new folder for its owner alone. Throws one sentence when it has something in it. */
export async function folderSink(folder: string): Promise<Sink> {
  await refuseFull(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of folders) await mkdir(path.join(folder, name), { mode: 0o700 });
  return {
    async write(file, content) {
      const { tap, result } = fingerprinting();
      const to = createWriteStream(path.join(folder, file), { mode: 0o600, flags: 'wx' });
      await pipeline(content, tap, to);
      return result();
    },
  };
}

/** Throws `RefusedError` when there is something in a folder already; one that is not there is empty. */
export async function refuseFull(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  if (found.length === 0) return;
  throw new RefusedError(`${folder} is not empty: an export needs a folder of its own`);
}

/** The manifest as text: the same contents are the same bytes. */
export function manifestText(contents: Manifest): string {
  const ordered = manifest.parse({
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

/**
 * Reads an export and compares every file with the manifest: size, hash, rows, and that there is nothing else. Throws one
 * error with everything that is wrong. Reads every byte once.
 */
export async function readExport(folder: string): Promise<Source> {
  const text = await readManifest(folder);
  const contents = parseManifest(folder, text);
  const expected = new Map<string, Partial<Fingerprint> & { bytes: number; sha256: string }>([
    ...contents.tables.map((table) => [rowsFile(table.name), table] as const),
    ...contents.objects.map((object) => [objectFile(object.id), object] as const),
  ]);
  const problems = [...repeated(contents), ...(await unexpected(folder, expected))];
  for (const [file, wanted] of expected) {
    const problem = await differs(path.join(folder, file), wanted);
    if (problem) problems.push(`${file} ${problem}`);
  }
  if (problems.length > 0) throw refused(folder, problems);
  return {
    manifest: contents,
    sha256: sha256Of(text),
    open: (file) => createReadStream(path.join(folder, file)),
  };
}

async function readManifest(folder: string): Promise<Buffer> {
  const file = path.join(folder, manifestFile);
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new RefusedError(`${folder} is no export of a tenant: it has no file ${manifestFile}`);
  }
  if (found.size > longestManifest) throw refused(folder, [`${manifestFile} is too long`]);
  return readFile(file);
}

function parseManifest(folder: string, text: Buffer): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    throw refused(folder, [`${manifestFile} is no JSON`]);
  }
  const result = manifest.safeParse(value);
  if (result.success) return result.data;
  throw refused(
    folder,
    result.error.issues
      .slice(0, 20)
      .map(({ path: at, message }) => `${manifestFile}: ${at.join('.') || 'it'}: ${message}`),
  );
}

function repeated({ members, tables, objects }: Contents): string[] {
  const twice = (what: string, names: readonly string[]): string[] => {
    const seen = new Set<string>();
    return names
      .filter((name) => seen.size === seen.add(name).size)
      .map((name) => `${manifestFile} names ${what} ${name} twice`);
  };
  return [
    ...twice(
      'the member',
      members.map(({ id }) => id),
    ),
    ...twice(
      'the handle',
      members.map(({ handle }) => handle),
    ),
    ...twice(
      'the table',
      tables.map(({ name }) => name),
    ),
    ...twice(
      'the object',
      objects.map(({ id }) => id),
    ),
  ];
}

async function unexpected(
  folder: string,
  expected: ReadonlyMap<string, unknown>,
): Promise<string[]> {
  const top: readonly string[] = [manifestFile, ...folders];
  const problems = (await readdir(folder)).filter((name) => !top.includes(name));
  for (const name of folders) {
    // A link would lead out of the folder.
    if (!(await lstat(path.join(folder, name)).catch(() => undefined))?.isDirectory()) {
      problems.push(name);
      continue;
    }
    const entries = await readdir(path.join(folder, name), { withFileTypes: true });
    problems.push(
      ...entries.map((entry) => `${name}/${entry.name}`).filter((file) => !expected.has(file)),
    );
  }
  return problems.slice(0, 20).map((file) => `${file} is not in ${manifestFile}`);
}

async function differs(
  file: string,
  wanted: Partial<Fingerprint> & { bytes: number; sha256: string },
): Promise<string | undefined> {
  const found = await lstat(file).catch(() => undefined);
  if (!found) return 'is missing';
  if (!found.isFile()) return 'is no plain file';
  if (found.size !== wanted.bytes) {
    return `has ${found.size} bytes, and ${wanted.bytes} were exported`;
  }
  const actual = await fingerprint(createReadStream(file));
  if (actual.sha256 !== wanted.sha256) return 'is not what was exported: its hash is another';
  if (wanted.rows !== undefined && actual.rows !== wanted.rows) {
    return `has ${actual.rows} rows, and the manifest says ${wanted.rows}`;
  }
  return undefined;
}

/** Why an export is not read. */
export function refused(folder: string, problems: readonly string[]): RefusedError {
  return new RefusedError(`${folder} is refused, nothing was written`, problems);
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
