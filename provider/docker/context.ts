import ignore from '@balena/dockerignore';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { pack, type Header } from 'tar-stream';

const ignoreFile = '.dockerignore';
const readBytes = 1024 * 1024;

/** One thing that the engine is sent. What is a link stays one: what it points to is never read here. */
export type Entry =
  | { readonly name: string; readonly type: 'directory' }
  | { readonly name: string; readonly type: 'symlink'; readonly target: string }
  | {
      readonly name: string;
      readonly type: 'file';
      readonly executable: boolean;
      readonly content: Buffer | { readonly path: string; readonly size: number };
    };

/**
 * What of a folder an image is built from, in an order that does not change: files, folders and links, but for those
 * that .dockerignore names. Sockets, pipes and devices are left out.
 */
export function folderEntries(folder: string, dockerfile: string): Entry[] {
  const rules = path.join(folder, ignoreFile);
  const text = existsSync(rules) ? readFileSync(rules, 'utf8') : '';
  const ignored = ignore().add(text);
  // The engine needs both; whether the image gets them it decides by the same rules.
  const always = [dockerfile, ignoreFile];
  const isWanted = (name: string): boolean => always.includes(name) || !ignored.ignores(name);
  // Below a folder that is left out something may be wanted all the same.
  const isSearched = (name: string): boolean =>
    isWanted(name) || /^!/m.test(text) || always.some((one) => one.startsWith(`${name}/`));

  const walk = (below: string): Entry[] =>
    readdirSync(path.join(folder, below), { withFileTypes: true })
      .map((found) => ({ found, name: path.posix.join(below, found.name) }))
      .flatMap(({ found, name }) => [
        ...(isWanted(name) ? entryOf(folder, name) : []),
        ...(found.isDirectory() && isSearched(name) ? walk(name) : []),
      ]);
  return walk('').sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What an image is built from when its files are given by name. */
export function givenEntries(
  files: Readonly<Record<string, string | { base64: string }>>,
): Entry[] {
  return Object.keys(files)
    .sort()
    .map((name) => {
      const given = files[name] ?? '';
      const content =
        typeof given === 'string' ? Buffer.from(given) : Buffer.from(given.base64, 'base64');
      return { name, type: 'file', executable: false, content };
    });
}

/** Writes entries below a folder, for everybody to read: users inside containers do. */
export function writeEntries(entries: readonly Entry[], folder: string): void {
  for (const entry of entries) {
    const place = path.join(folder, entry.name);
    mkdirSync(path.dirname(place), { recursive: true });
    if (entry.type === 'directory') mkdirSync(place, { recursive: true });
    else if (entry.type === 'symlink') symlinkSync(entry.target, place);
    else {
      const { content, executable } = entry;
      if (Buffer.isBuffer(content)) writeFileSync(place, content);
      else copyFileSync(content.path, place);
      chmodSync(place, executable ? 0o755 : 0o644);
    }
  }
}

/** Changes with every name, content, link and right to run; the same on every machine. */
export function digest(entries: readonly Entry[], dockerfile: string): string {
  const hash = createHash('sha256').update(JSON.stringify(['dockerfile', dockerfile]));
  for (const entry of entries) {
    const { name, type } = entry;
    const own =
      entry.type === 'file'
        ? [entry.executable, fileDigest(entry.content)]
        : entry.type === 'symlink'
          ? [entry.target]
          : [];
    hash.update(JSON.stringify([name, type, ...own]));
  }
  return hash.digest('hex');
}

/** The entries as the engine takes them; owners and times are the same everywhere, so that its cache finds them again. */
export function archive(entries: readonly Entry[]): Readable {
  const tar = pack();
  const send = async () => {
    for (const entry of entries) await add(tar, entry);
    tar.finalize();
  };
  send().catch((error: unknown) => tar.destroy(error as Error));
  return tar as unknown as Readable;
}

async function add(tar: ReturnType<typeof pack>, entry: Entry): Promise<void> {
  const common = { name: entry.name, mtime: new Date(0), uid: 0, gid: 0 };
  if (entry.type === 'file') {
    const { content, executable } = entry;
    const headers: Partial<Header> & { name: string } = {
      ...common,
      type: 'file',
      mode: executable ? 0o755 : 0o644,
    };
    if (Buffer.isBuffer(content)) {
      tar.entry(headers, content);
      return;
    }
    const sink = tar.entry({ ...headers, size: content.size });
    await pipeline(createReadStream(content.path, { highWaterMark: readBytes }), sink);
    return;
  }
  if (entry.type === 'symlink') {
    tar.entry({ ...common, type: 'symlink', linkname: entry.target, mode: 0o777 });
    return;
  }
  tar.entry({ ...common, type: 'directory', mode: 0o755 });
}

function entryOf(folder: string, name: string): Entry[] {
  const full = path.join(folder, name);
  const stat = lstatSync(full);
  if (stat.isDirectory()) return [{ name, type: 'directory' }];
  if (stat.isSymbolicLink()) return [{ name, type: 'symlink', target: readlinkSync(full) }];
  if (!stat.isFile()) return [];
  const executable = (stat.mode & 0o100) !== 0;
  return [{ name, type: 'file', executable, content: { path: full, size: stat.size } }];
}

function fileDigest(content: Buffer | { path: string }): string {
  const bytes = Buffer.isBuffer(content) ? content : readFileSync(content.path);
  return createHash('sha256').update(bytes).digest('hex');
}
