import { styleText } from 'node:util';

/**
 * Where a command's words go. The result goes to stdout; with `json` everything else goes to stderr, so that a script
 * can read stdout as it is.
 */
export interface Terminal {
  /** The one result that a script would read. */
  readonly result: (text: string) => void;
  /** What a person reads while waiting. */
  readonly note: (text: string) => void;
  /** Output of a child process, passed on as it comes. */
  readonly stream: (chunk: string) => void;
  /** True when the progress is read by a person who sees colours. */
  readonly colour: boolean;
  /** Where notes go. */
  readonly progress: NodeJS.WriteStream & { readonly fd: number };
}

/** A terminal over this process's stdout and stderr. */
export function terminal(json: boolean): Terminal {
  const progress = json ? process.stderr : process.stdout;
  return {
    result: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void progress.write(`${text}\n`),
    stream: (chunk) => void progress.write(chunk),
    colour: progress.isTTY && !process.env.NO_COLOR,
    progress,
  };
}

/**
 * A reader that stops reading, such as `head`, is no error: the command goes on to its end, because to leave an update
 * half done would be worse than to finish it unseen.
 */
export function toleratesReadersThatLeave(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Columns as wide as their widest cell, two spaces apart; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row, index) => {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      return index === 0 ? styleText('bold', line) : line;
    })
    .join('\n');
}
