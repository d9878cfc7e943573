import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/*
 * Programs that tests check our files with and that no npm package brings. Each is made once and kept in the user's
 * cache; where it cannot be made (no network, no Go, no Python) the tests that need it are skipped and say why.
 */

const folder = path.join(os.homedir(), '.cache', 'strata', 'tools');
const madeWithinMs = 5 * 60_000;

/** A program, or why there is none. */
export type Tool = { readonly program: string } | { readonly missing: string };

const actionlintVersion = 'v1.7.12';

/** The checker of GitHub workflows, built from Go's module proxy. */
export function actionlint(): Tool {
  const program = path.join(folder, `actionlint-${actionlintVersion}`, 'actionlint');
  return made(program, () => {
    const module = `github.com/rhysd/actionlint/cmd/actionlint@${actionlintVersion}`;
    run(go(), ['install', module], { GOBIN: path.dirname(program) });
  });
}

/** A Python with the packages of a requirements file; each `name` is kept apart. */
export function pythonWith(requirements: string, name = 'python'): Tool {
  const place = path.join(folder, name);
  const program = path.join(place, 'bin', 'python');
  const mark = path.join(place, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  const installed = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
  return made(
    program,
    () => {
      run('python3', ['-m', 'venv', place]);
      run(program, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
      writeFileSync(mark, wanted);
    },
    installed === wanted,
  );
}

/** The Go toolchain: on PATH, or where its own installer puts it. */
function go(): string {
  const usual = '/usr/local/go/bin/go';
  return existsSync(usual) ? usual : 'go';
}

/** A Go with the modules of the program in `source`. */
export function goWith(source: string): Tool {
  try {
    run(go(), ['mod', 'download'], {}, source);
    return { program: go() };
  } catch (error) {
    return { missing: `go has no modules here: ${reason(error)}` };
  }
}

function made(program: string, make: () => void, fresh = true): Tool {
  if (fresh && existsSync(program)) return { program };
  try {
    mkdirSync(path.dirname(program), { recursive: true });
    make();
    return { program };
  } catch (error) {
    return { missing: `${path.basename(program)} cannot be made here: ${reason(error)}` };
  }
}

/** The last line that a program wrote before it failed. */
function reason(error: unknown): string {
  const said = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n').at(-1);
  return said ?? String(error);
}

function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = os.tmpdir(),
): void {
  execFileSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: madeWithinMs,
  });
}
