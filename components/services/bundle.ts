import { buildSync } from 'esbuild';
import path from 'node:path';
import { root } from '../../engine/root';

/**
 * The program of one of our own services as one CommonJS file; packages stay outside.
 * `entry` is relative to the project. The text depends on the sources alone, so it changes when they do.
 */
export function bundle(entry: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    write: false,
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`bundling ${entry} gave no file`);
  return file.text;
}
