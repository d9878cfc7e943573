import { spawn } from 'node:child_process';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import {
  CommandError,
  ConcurrentUpdateError,
  type PulumiCommand,
  StackNotFoundError,
} from '@pulumi/pulumi/automation';
import { Interrupted } from '../errors';
import { saysWrongPassphrase } from '../passphrase';

/** What a run of the CLI printed. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Sees each run of the CLI begin and end, and may ask it to stop. */
export interface Supervisor {
  readonly signal: AbortSignal;
  started(pid: number): void;
  /** What the run has left is cleared when this is done. */
  ended(): Promise<void>;
}

/**
 * A CLI that the Automation API runs under our supervision.
 *
 * The Automation API starts the CLI in our process group, where Ctrl-C reaches both of us; our own signal would then be
 * its second, and a second SIGINT makes the engine drop its work half done. So the CLI gets a group of its own and
 * exactly the signals that we send.
 */
export function supervised(command: PulumiCommand, supervisor: Supervisor): SupervisedCommand {
  const run: SupervisedCommand['run'] = (args, cwd, env, onOutput, onError) =>
    runCli(
      command.command,
      args.includes('--non-interactive') ? args : [...args, '--non-interactive'],
      { cwd, env: { ...env, PULUMI_AUTOMATION_API: 'true' }, onOutput, onError },
      supervisor,
    );
  return Object.assign(Object.create(command) as PulumiCommand, { run });
}

/** The Automation API's command with the method that it runs everything by, which its types leave out. */
export type SupervisedCommand = PulumiCommand & {
  run(
    args: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
    onOutput?: (chunk: string) => void,
    onError?: (chunk: string) => void,
  ): Promise<RunResult>;
};

interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: ((chunk: string) => void) | undefined;
  readonly onError?: ((chunk: string) => void) | undefined;
}

function runCli(
  file: string,
  args: readonly string[],
  options: RunOptions,
  supervisor: Supervisor,
): Promise<RunResult> {
  if (supervisor.signal.aborted) return Promise.reject(new Interrupted());
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: engineEnvironment(file, options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid !== undefined) supervisor.started(child.pid);
    const interrupt = (): void => void child.kill('SIGINT');
    supervisor.signal.addEventListener('abort', interrupt);
    const stdout = collect(child.stdout, options.onOutput);
    const stderr = collect(child.stderr, options.onError);
    let cleared = Promise.resolve();
    child.on('error', reject);
    // Helpers that outlive a killed engine keep its pipes open, so they are cleared before "close" can come.
    child.on('exit', () => {
      supervisor.signal.removeEventListener('abort', interrupt);
      cleared = supervisor.ended();
    });
    child.on('close', (code, endedBy) => {
      const finish = (): void => {
        if (supervisor.signal.aborted) reject(new Interrupted());
        else if (code === 0) resolve({ stdout: stdout(), stderr: stderr(), code });
        else if (endedBy) reject(new CommandError(`The engine was ended by ${endedBy}.`));
        else reject(failure(stderr() || stdout(), options.onOutput !== undefined));
      };
      cleared.then(finish, reject);
    });
  });
}

/**
 * A tenth of a deployment went into collecting the engine's garbage: its heap may grow further between two collections
 * (about 100 MB more), but a large one of a plugin not beyond what small machines have.
 */
const memory = { GOGC: '400', GOMEMLIMIT: '1500MiB' };

/** The environment in which the engine finds the language host beside it, and the Node that runs us. */
export function engineEnvironment(
  file: string,
  env: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const folders = [
    ...(path.isAbsolute(file) ? [path.dirname(file)] : []),
    path.dirname(process.execPath),
    process.env.PATH ?? '',
  ];
  return {
    ...memory,
    ...process.env,
    ...env,
    PATH: folders.join(path.delimiter),
  };
}

function collect(stream: NodeJS.ReadableStream, listen?: (chunk: string) => void): () => string {
  const decoder = new StringDecoder('utf8');
  let text = '';
  stream.on('data', (data: Buffer) => {
    const chunk = decoder.write(data);
    text += chunk;
    listen?.(chunk);
  });
  return () => text;
}

/**
 * The error that the Automation API would make of it; its message is empty when it was shown while it came, unless we
 * know better words for it.
 */
function failure(said: string, shown: boolean): CommandError {
  if (/no stack named.*found/.test(said)) return new StackNotFoundError(said);
  if (said.includes('the stack is currently locked by') || said.includes('[409] Conflict')) {
    return new ConcurrentUpdateError(said);
  }
  return new CommandError(shown && !saysWrongPassphrase(said) ? '' : said);
}
