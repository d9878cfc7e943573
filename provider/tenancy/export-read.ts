import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import {
  exportFolders,
  isUnfinished,
  manifestFile,
  manifestSchema,
  objectFile,
  rowsFile,
  sha256Of,
  unfinished,
  type Contents,
  type Manifest,
} from './export-folder';
import { fingerprint, type Fingerprint } from './rows';
import { isPrintable, RefusedError } from './wanted';

/** More than a million files' lines: whoever says more wants to fill the memory. */
const longestManifest = 256 * 1024 * 1024;

const mostShown = 20;

/** Plain names as they are; others so that a terminal shows them. */
const shown = (file: string): string => (isPrintable(file) ? file : JSON.stringify(file));

/** An export that was read and found whole. */
export interface Source {
  readonly manifest: Manifest;
  /** Of manifest.json, which has the hashes of everything else. */
  readonly sha256: string;
  open(file: string): Readable;
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
    if (isUnfinished(await readdir(folder).catch(() => []))) throw unfinished(folder);
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
  const result = manifestSchema.safeParse(value);
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
  const top: readonly string[] = [manifestFile, ...exportFolders];
  const problems = (await readdir(folder)).filter((name) => !top.includes(name));
  for (const name of exportFolders) {
    // A link would lead out of the folder.
    if (!(await lstat(path.join(folder, name)).catch(() => undefined))?.isDirectory()) {
      problems.push(name);
      continue;
    }
    const entries = await readdir(path.join(folder, name), { withFileTypes: true });
    const stray = entries
      .map((entry) => `${name}/${entry.name}`)
      .filter((file) => !expected.has(file));
    problems.push(...stray.slice(0, mostShown));
  }
  return problems.slice(0, mostShown).map((file) => `${shown(file)} is not in ${manifestFile}`);
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
