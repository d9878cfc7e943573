import type { ChildProcess } from 'node:child_process';

/** A command that runs, whose lines can be awaited. */
export interface Followed {
  readonly pid: number;
  /** Lines of stdout and stderr so far, as they came. */
  readonly lines: readonly string[];
  /** Calls `look` with each line to come and the number of lines so far. */
  onLine(look: (line: string, count: number) => void): void;
  /** The first line, past or to come, that matches; an error when the command ends without it. */
  line(pattern: RegExp): Promise<string>;
  /** How it ended: an exit code, or null for a signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
}

/** Follows what a child process writes. */
export function follow(child: ChildProcess): Followed {
  const lines: string[] = [];
  const looks = new Set<(line: string, count: number) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        for (const look of looks) look(line, lines.length);
      }
    });
  }
  const ended = new Promise<{ code: number | null; text: string }>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, text: lines.join('\n') });
    });
  });
  return {
    pid: child.pid ?? 0,
    lines,
    onLine: (look) => looks.add(look),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const past = lines.find((line) => pattern.test(line));
        if (past !== undefined) resolve(past);
        looks.add((line) => {
          if (pattern.test(line)) resolve(line);
        });
        void ended.then(({ text }) => {
          reject(new Error(`ended without a line that matches ${String(pattern)}:\n${text}`));
        });
      }),
    ended,
  };
}
