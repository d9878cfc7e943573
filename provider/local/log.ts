import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';

const cutAbove = 10 * 1024 * 1024;
const keptBytes = 1024 * 1024;
const tailBytes = 64 * 1024;

/** Opens a log for appending, after cutting one that has grown too long; `from` is where this run's lines begin. */
export function openLog(file: string): { fd: number; from: number } {
  if (existsSync(file) && statSync(file).size > cutAbove) {
    writeFileSync(file, readEnd(file, 0, keptBytes), { mode: 0o600 });
  }
  const fd = openSync(file, 'a', 0o600);
  return { fd, from: fstatSync(fd).size };
}

/** The last lines of a log, of those after the byte `from`. */
export function tail(file: string, from = 0, lines = 20): string {
  if (!existsSync(file)) return '';
  return readEnd(file, from, tailBytes)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .join('\n');
}

function readEnd(file: string, from: number, most: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(Math.min(from, size), size - most);
    const buffer = Buffer.alloc(size - start);
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, start));
  } finally {
    closeSync(fd);
  }
}
