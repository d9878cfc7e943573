import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { root } from '../../../engine/root';

/**
 * A program with one line of one of its files (below components/services/images/<image>, the guard's) replaced. Throws when
 * the line does not stand there exactly once: a mutant that is none would pass for one that nobody notices.
 */
export async function mutantOf(
  file: string,
  line: string,
  instead: string,
  image = 'guard',
): Promise<string> {
  const folder = path.join(root, 'components/services/images', image);
  const broken = path.join(folder, file);
  const text = readFileSync(broken, 'utf8');
  if (text.split(line).length !== 2) throw new Error(`${file} does not have "${line}" once`);
  const { outputFiles } = await build({
    entryPoints: [path.join(folder, 'server.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    plugins: [
      {
        name: 'mutant',
        setup: (made) => {
          made.onLoad({ filter: /\.ts$/ }, ({ path: loaded }) =>
            loaded === broken
              ? { contents: text.replace(line, () => instead), loader: 'ts' }
              : undefined,
          );
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
}
