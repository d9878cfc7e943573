import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

export interface ChildResult {
  readonly code: number;
  /** The last lines of what it said. */
  readonly tail: string;
}

const tailLines = 15;

/**
 * Runs a tool to its end in a process group of its own, so that a limit ends what it started as well.
 *
 * `onLine` sees each line of stdout and stderr. Does not throw when the tool fails: the caller says what that means.
 */
export function runTool(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly limitSeconds?: number;
    readonly onLine?: (line: string) => void;
  },
): Promise<ChildResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const tail: string[] = [];
    const take = (line: string): void => {
      if (!line.trim()) return;
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      options.onLine?.(line);
    };
    const endGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself in the meantime.
      }
    };
    const limit = setTimeout(
      () => {
        take(`no end after ${String(options.limitSeconds)} s`);
        endGroup();
      },
      (options.limitSeconds ?? 24 * 3600) * 1000,
    );
    const interrupt = (): void => {
      endGroup();
      // Past the stream: a spinner may hold it back, and would not give it out any more.
      writeSync(2, '\nInterrupted; the next call goes on where this one was.\n');
      process.exit(130);
    };
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, take);
    const finish = (code: number): void => {
      clearTimeout(limit);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      resolve({ code, tail: tail.join('\n') });
    };
    child.on('error', (error) => {
      take(error.message);
      finish(127);
    });
    child.on('close', (code) => {
      finish(code ?? 1);
    });
  });
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  stream.on('end', () => {
    if (rest) take(rest);
  });
}
