import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { PulumiCommand } from '@pulumi/pulumi/automation';
import { UserError } from '../errors';
import type { Terminal } from '../terminal';
import { build, goIsThere } from './build';
import { download } from './download';
import { install } from './install';
import { executables, installFolder, pulumiVersion } from './layout';

/**
 * A Pulumi CLI that is new enough and can run Node programs: the one on PATH, the one in the cache folder, or one that
 * is downloaded or, where that is blocked, built from Go modules, once.
 *
 * Throws `UserError` with the three ways to get one when there is none to be had.
 */
export async function findPulumi(out: Terminal): Promise<PulumiCommand> {
  const onPath = await usable();
  if (onPath.command) return onPath.command;
  const folder = installFolder();
  const cached = await usable(folder);
  if (cached.command) return cached.command;

  if (onPath.problem) out.note(`${onPath.problem}; Strata uses its own copy (${folder}).`);
  const problems: string[] = [];
  await install(folder, out, async (into) => {
    const failed = await download(into, out);
    if (failed === undefined) return;
    problems.push(failed);
    if (!(await goIsThere())) {
      problems.push('no go on PATH to build it with');
      throw nowhere(problems);
    }
    try {
      await build(into, out);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw nowhere([...problems, error.message]);
    }
  });
  const { command, problem } = await usable(folder);
  if (!command) throw nowhere([problem ?? `${folder} holds no pulumi`]);
  return command;
}

interface Usable {
  readonly command?: PulumiCommand;
  /** Why the one that is there cannot be used. */
  readonly problem?: string;
}

/** The CLI in `folder`, or on PATH, when it can be used. */
async function usable(folder?: string): Promise<Usable> {
  const file = folder ? path.join(folder, 'bin', executables.cli) : onPath(executables.cli);
  if (file === undefined || !existsSync(file)) return {};
  let command: PulumiCommand;
  try {
    command = await PulumiCommand.get(folder ? { root: folder } : {});
  } catch {
    return { problem: `${file} does not answer "pulumi version"` };
  }
  const found = command.version;
  if (found?.major !== 3 || found.compare(pulumiVersion) < 0) {
    const version = found?.format() ?? 'of an unknown version';
    return { problem: `${file} is ${version}, Strata needs 3.x from ${pulumiVersion} on` };
  }
  const beside = path.join(path.dirname(realpathSync(file)), executables.languageHost);
  if (!existsSync(beside) && onPath(executables.languageHost) === undefined) {
    return { problem: `${file} has no ${executables.languageHost} beside it or on PATH` };
  }
  return { command };
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
}

function nowhere(problems: readonly string[]): UserError {
  return new UserError(
    [
      `No Pulumi CLI ${pulumiVersion} or newer can be had here:`,
      ...problems.map((problem) => `  - ${problem}`),
      'One of these three helps:',
      `  1. install it (https://www.pulumi.com/docs/install/) so that "pulumi version" on PATH says ${pulumiVersion} or newer;`,
      '  2. let this machine reach https://get.pulumi.com, and run this command again;',
      '  3. install Go (https://go.dev/dl/) with a module proxy in reach, and run this command again: it builds the CLI.',
    ].join('\n'),
  );
}
