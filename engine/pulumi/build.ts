import { chmodSync, mkdirSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import { UserError } from '../errors';
import { root } from '../root';
import type { Terminal } from '../terminal';
import { runTool } from './child';
import { executables, pulumiVersion } from './layout';

interface Program {
  readonly title: string;
  readonly file: string;
  /** Below engine/pulumi: the module that pins it. */
  readonly module: string;
  readonly package: string;
  readonly version: string;
}

const programs: readonly Program[] = [
  {
    title: 'Pulumi CLI',
    file: executables.cli,
    module: 'cli',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    version: pulumiVersion,
  },
  {
    title: 'Node language host',
    file: executables.languageHost,
    module: 'language-host',
    package: 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
    version: '3.59.1',
  },
];

const versionVariable = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version';

/** True when a Go toolchain answers. */
export async function goIsThere(): Promise<boolean> {
  return (await runTool('go', ['version'], { cwd: root })).code === 0;
}

/**
 * Builds the CLI and the language host at their pinned versions into `folder`/bin; about 4 minutes on 2 cores.
 * An interrupted build goes on where it was, by Go's own build cache.
 * Throws `UserError` with the last lines of the tool that failed.
 */
export async function build(folder: string, out: Terminal): Promise<void> {
  out.note(
    `Building the Pulumi CLI ${pulumiVersion} from Go modules: its download is blocked here. Once, some minutes.`,
  );
  for (const program of programs) {
    await (out.colour ? withSpinner : withLines)(program, folder, out);
  }
  passOptions(folder);
}

/**
 * The newest language host that is published as a Go module takes the project's options as flags, where the engine
 * sends them in its request: without them it would load ts-node for a program that needs no such thing.
 */
function passOptions(folder: string): void {
  const script = path.join(folder, 'bin', executables.languageHost);
  const host = path.join(folder, 'libexec', executables.languageHost);
  mkdirSync(path.dirname(host), { recursive: true });
  renameSync(script, host);
  writeFileSync(
    script,
    `#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
exec "$bin/../libexec/${executables.languageHost}" -typescript=false -nodeargs=--stack-trace-limit=1 "$@"
`,
  );
  chmodSync(script, 0o755);
}

type Report = (percent: number, doing: string) => void;

async function withSpinner(program: Program, folder: string, out: Terminal): Promise<void> {
  const logger = new ListrLogger({ processOutput: new ProcessOutput(out.progress, out.progress) });
  const tasks = new Listr(
    {
      title: program.title,
      task: async (_context, task): Promise<void> => {
        await buildOne(program, folder, (percent, doing) => {
          task.title = `${program.title} ${String(percent).padStart(3)} %  ${doing}`;
        });
        task.title = `${program.title} ${program.version}`;
      },
    },
    { rendererOptions: { logger, showErrorMessage: false }, registerSignalListeners: false },
  );
  const showCursor = (): void => void writeSync(out.progress.fd, '\u001b[?25h');
  process.once('exit', showCursor);
  await tasks.run();
  process.off('exit', showCursor);
}

/** For logs, which have no line that can be written over: one line for each tenth. */
async function withLines(program: Program, folder: string, out: Terminal): Promise<void> {
  let told = -1;
  await buildOne(program, folder, (percent) => {
    const tenth = Math.floor(percent / 10);
    if (tenth === told) return;
    told = tenth;
    out.note(`  ${program.title} ${String(tenth * 10)} %`);
  });
  out.note(`  ${program.title} ${program.version} is built`);
}

async function buildOne(program: Program, folder: string, progress: Report): Promise<void> {
  const cwd = path.join(root, 'engine', 'pulumi', program.module);
  // A workspace of the user's around this folder, or C libraries, would make another program of it.
  const env = { GOWORK: 'off', CGO_ENABLED: '0' };
  const packages = new Set<string>();
  let modules = 0;
  const list = await runTool('go', ['list', '-mod=readonly', '-deps', program.package], {
    cwd,
    env,
    onLine: (line) => {
      if (line.startsWith('go: downloading'))
        progress(0, `${String((modules += 1))} modules downloaded`);
      else packages.add(line);
    },
  });
  if (list.code !== 0) throw failure(program, list.tail);

  let built = 0;
  const flags = ['-mod=readonly', '-trimpath', '-v', '-o', path.join(folder, 'bin', program.file)];
  const link = `-s -w -X ${versionVariable}=v${program.version}`;
  const result = await runTool('go', ['build', ...flags, '-ldflags', link, program.package], {
    cwd,
    env,
    onLine: (line) => {
      if (!packages.has(line)) return;
      built += 1;
      progress(Math.floor((built / packages.size) * 99), line);
    },
  });
  if (result.code !== 0) throw failure(program, result.tail);
}

function failure(program: Program, tail: string): UserError {
  return new UserError(
    `go could not build the ${program.title} ${program.version}; its last lines:\n${tail.replace(/^/gm, '      ')}`,
  );
}
