import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  CommandError,
  ConcurrentUpdateError,
  LocalWorkspace,
  type Stack,
  StackNotFoundError,
} from '@pulumi/pulumi/automation';
import { type Backend, backendFor } from './backend';
import { Interrupted, UserError } from './errors';
import { NotDeployed } from './outputs';
import { saysWrongPassphrase, wrongPassphrase } from './passphrase';
import { findPulumi } from './pulumi/find';
import { type RunResult, supervised } from './pulumi/run';
import { root } from './root';
import { Engines } from './engines';
import { StackFile } from './stack-file';
import type { Terminal } from './terminal';
import { onStopSignals } from './stop-signals';

/** One stack opened for one command. */
export interface Session {
  readonly stack: Stack;
  readonly backend: Backend;
  /** Runs the CLI for what the Automation API has no method for. */
  readonly pulumi: (args: readonly string[]) => Promise<RunResult>;
  /** Options for the Automation API: the engine's own output, passed on. */
  readonly live: {
    readonly onOutput: (chunk: string) => void;
    readonly onError: (chunk: string) => void;
    readonly color: 'always' | 'never';
  };
}

export interface SessionOptions {
  readonly name: string;
  readonly out: Terminal;
  /** What the command does, in words for another one that has to wait. */
  readonly purpose: string;
  /** True when it changes the stack, which only one may at a time. */
  readonly changes: boolean;
  /** True when the stack may be made. */
  readonly create: boolean;
}

/**
 * Finds the engine, opens the stack and runs `work`; leaves no engine, no lock and no changed file behind, however
 * `work` ends. SIGINT, SIGTERM and SIGHUP let the engine finish what it is doing and end the command with code 130.
 */
export async function withStack<T>(
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { name, out } = options;
  const backend = backendFor(name, root);
  const found = await findPulumi(out);
  const engines = new Engines({
    root,
    project: projectName(),
    stack: name,
    backend,
    command: found,
  });
  const stackFile = backend.generatedPassphrase ? new StackFile(root, name) : undefined;
  if (options.changes) await engines.enter(options.purpose, out);
  const stop = new AbortController();
  const unlisten = onStopSignals(
    () => {
      out.note('\nStopping: the engine finishes what it is doing (once more to end it at once) …');
      stop.abort();
    },
    () => {
      engines.kill();
    },
  );
  try {
    stackFile?.remember();
    const command = supervised(found, {
      signal: stop.signal,
      started: (pid) => {
        engines.started(pid);
      },
      ended: () => engines.ended(),
    });
    const program = { stackName: name, workDir: root };
    const workspace = { pulumiCommand: command, envVars: { ...backend.env } };
    const stack = options.create
      ? await LocalWorkspace.createOrSelectStack(program, workspace)
      : await LocalWorkspace.selectStack(program, workspace);
    return await work({
      stack,
      backend,
      pulumi: (args) => command.run(args, root, backend.env),
      live: {
        onOutput: out.stream,
        onError: out.stream,
        color: out.colour ? 'always' : 'never',
      },
    });
  } catch (error) {
    throw inWords(error, stop.signal.aborted, options, backend);
  } finally {
    unlisten();
    const kept = stackFile?.restore();
    if (kept) out.note(kept);
    engines.leave();
  }
}

/** The engine has told its own errors already; what is left to say is that it failed. */
function inWords(
  error: unknown,
  aborted: boolean,
  { name, purpose }: SessionOptions,
  backend: Backend,
): unknown {
  if (aborted || error instanceof Interrupted) {
    return new Interrupted(
      'Interrupted; what was done is recorded. "npm run up" continues from there.',
    );
  }
  if (error instanceof ConcurrentUpdateError) {
    return new UserError(
      `Stack "${name}" is being changed by another command. Wait for it, or, if none runs: npm run pulumi -- cancel ${name}`,
    );
  }
  if (error instanceof StackNotFoundError) return new NotDeployed(name);
  if (error instanceof CommandError) {
    if (saysWrongPassphrase(error.message)) {
      return wrongPassphrase(name, backend.env.PULUMI_CONFIG_PASSPHRASE_FILE);
    }
    return new UserError([error.message.trim(), `${purpose} failed.`].filter(Boolean).join('\n'));
  }
  return error;
}

/** The project's name stands in its first lines; a whole YAML reader would be too much for it. */
export function projectName(folder = root): string {
  const text = readFileSync(path.join(folder, 'Pulumi.yaml'), 'utf8');
  const name = /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1];
  if (!name) throw new UserError(`${path.join(folder, 'Pulumi.yaml')} has no "name".`);
  return name;
}
