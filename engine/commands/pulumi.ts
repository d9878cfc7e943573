import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { type Backend, backendFor, localStack } from '../backend';
import { findPulumi } from '../pulumi/find';
import { engineEnvironment } from '../pulumi/run';
import { root } from '../root';
import { StackFile } from '../stack-file';
import { terminal } from '../terminal';

/** `pulumi`: the found CLI on the same backend. */
export function pulumiCommand(): Command {
  const summary =
    'run the Pulumi CLI that Strata found, on the same state: npm run pulumi -- stack ls';
  return new Command('pulumi')
    .summary(summary)
    .description(`${summary}\nIts own help: npm run pulumi -- help`)
    .argument('[args...]', "Pulumi's own arguments")
    .allowUnknownOption()
    .passThroughOptions()
    .action(pulumi);
}

async function pulumi(args: readonly string[]): Promise<void> {
  const out = terminal(true);
  const stack = stackIn(args) ?? process.env.PULUMI_STACK ?? localStack;
  const { command } = await findPulumi(out);
  const backend = args[0] === 'login' ? undefined : backendFor(stack, root);
  const stackFile = backend?.generatedPassphrase ? new StackFile(root, stack) : undefined;
  stackFile?.remember();
  process.exitCode = await run(command, args, { PULUMI_STACK: stack, ...backend?.env });
  const kept = stackFile?.restore();
  if (kept) out.note(kept);
}

/** Ctrl-C on a terminal reaches the CLI without us; what reaches us alone is passed on. */
function run(command: string, args: readonly string[], env: Backend['env']): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: engineEnvironment(command, env),
      stdio: 'inherit',
    });
    const ignore = (): void => undefined;
    const pass = (): void => void child.kill('SIGTERM');
    process.on('SIGINT', ignore).on('SIGTERM', pass);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore).off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** The stack that the arguments name. */
export function stackIn(args: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === '--') return undefined;
    if (arg === '-s' || arg === '--stack') return args[index + 1];
    const [, named] = /^(?:--stack=|-s=?)(.+)$/.exec(arg) ?? [];
    if (named !== undefined) return named;
  }
  return undefined;
}
