import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './root';

/** `engine/load.cjs`, which runs before there is any TypeScript, for the code that it runs. */
interface Loader {
  /** The program of an entry point (relative to the project) as one CommonJS file; packages stay outside. */
  readonly bundle: (entry: string) => string;
  /** The same with all packages inside but those that are `there` where it runs. */
  readonly standalone: (entry: string, there?: readonly string[]) => string;
  /** Runs an entry point and returns what it exports. */
  readonly load: (entry: string) => unknown;
  /** A hash of the versions of all packages. */
  readonly packages: () => string;
}

export const { bundle, load, packages, standalone } = createRequire(
  path.join(root, 'engine', 'load.cjs'),
)('./load.cjs') as Loader;
