import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeEntries } from '../../provider/docker/context';
import type { BundleFile } from '../../components/targets/compose/render';
import { UserError } from '../errors';
import type { Bundle } from './bundle';
import type { KeptValues } from './kept';

/** The file of a bundle that holds what was generated for it. */
export const keptFile = 'secrets.json';

/** What a rendering writes anew; everything else in the folder is left alone. */
const rendered = ['compose.yaml', 'run', 'build'];

/**
 * Writes a bundle in the place of the one that was there. The folder is closed to others, and whoever may enter it reads
 * no secret: only files that images are built from are for everybody, because users inside containers read them.
 *
 * Throws an error when the folder is there and is no bundle.
 */
export function writeBundle(folder: string, bundle: Bundle, kept: KeptValues): void {
  if (existsSync(folder) && !existsSync(path.join(folder, keptFile))) {
    throw new UserError(`${folder} is there and is no bundle: choose another folder with --out.`);
  }
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  // First of all: without it the data of what is about to be started could not be opened.
  write(folder, keptFile, { text: kept.text(), secret: true });
  for (const name of rendered) rmSync(path.join(folder, name), { recursive: true, force: true });
  for (const [name, file] of Object.entries(bundle.files)) write(folder, name, file);
  for (const [service, entries] of Object.entries(bundle.contexts)) {
    writeEntries(entries, path.join(folder, 'build', service));
  }
}

function write(folder: string, name: string, { text, secret }: BundleFile): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: secret ? 0o600 : 0o644 });
}
