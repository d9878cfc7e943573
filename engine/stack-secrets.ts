import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { backendFor } from './backend';
import { UserError } from './errors';
import { findPulumi } from './pulumi/find';
import { engineEnvironment } from './pulumi/run';
import { root } from './root';
import type { Terminal } from './terminal';

/**
 * The values of `strata:secrets` of a stack, by name. Throws `UserError` when Pulumi cannot open them; what it said is
 * left out, for that may quote what it could not read.
 */
export async function stackSecrets(
  stack: string,
  out: Terminal,
): Promise<Readonly<Record<string, string>>> {
  const backend = backendFor(stack, root);
  const { command } = await findPulumi(out);
  const args = ['config', '--json', '--show-secrets', '--stack', stack, '--non-interactive'];
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: root,
      env: engineEnvironment(command, backend.env),
      maxBuffer: 64 * 1024 * 1024,
    });
    const config = JSON.parse(stdout) as Record<string, { value?: string; objectValue?: unknown }>;
    return (config['strata:secrets']?.objectValue ?? {}) as Record<string, string>;
  } catch {
    throw new UserError(
      `The secrets of stack "${stack}" cannot be opened: "npm run pulumi -- config --stack ${stack}" says why.`,
    );
  }
}
