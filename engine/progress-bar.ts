/** How far something is. */
export interface ProgressBar {
  readonly show: (done: number, total: number, words: string) => void;
  /** Leaves the line; once. */
  readonly end: () => void;
}

const cells = 24;

/** About as many lines where nobody sees a line change. */
const lines = 20;

/**
 * A bar on one line that changes in place; where that is not seen (a file, CI), a line for about each twentieth part.
 */
export function progressBar(to: NodeJS.WriteStream): ProgressBar {
  let shown = false;
  return {
    show: (done, total, words) => {
      if (to.isTTY) {
        shown = true;
        to.write(`\r${fit(lineFor(done, total, words), to.columns)}\u001b[K`);
      } else if (done === total || done % Math.ceil(total / lines) === 0) {
        to.write(`${done}/${total} ${words}\n`);
      }
    },
    end: () => {
      if (shown) to.write('\n');
      shown = false;
    },
  };
}

function lineFor(done: number, total: number, words: string): string {
  const full = total === 0 ? cells : Math.round((cells * done) / total);
  return `[${'█'.repeat(full)}${'░'.repeat(cells - full)}] ${done}/${total} ${words}`;
}

/** A line that wraps cannot be written over. */
function fit(line: string, columns: number): string {
  return columns > 0 ? line.slice(0, columns - 1) : line;
}
