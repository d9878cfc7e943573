import type Docker from 'dockerode';
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { messageOf } from '../../engine/errors';

const keptCharacters = 64 * 1024;
const shownLines = 20;
const longestLine = 500;
const frameHeader = 8;

/** Collects what a container writes, as much as is shown of it. */
export class Output extends Writable {
  private text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.add(chunk.toString());
    done();
  }

  add(text: string): void {
    this.text = (this.text + text).slice(-keptCharacters);
  }

  /** The last lines. */
  tail(lines = shownLines): string {
    return lastLines(this.text, lines);
  }
}

/** The last lines of a text, of which a terminal takes nothing for a command. */
export function lastLines(text: string, lines = shownLines): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll(/\r\n?/g, '\n')
      // eslint-disable-next-line no-control-regex -- these are what is taken out
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line))
      .join('\n')
  );
}

/** A message with the last lines of a program below it. */
export function withLines(message: string, lines: string): string {
  return lines ? `${message}. Its last lines:\n${lines}` : `${message}; it wrote nothing`;
}

/** The last lines that a container has written; why they cannot be had, where the engine does not keep them. */
export async function logTail(container: Docker.Container): Promise<string> {
  try {
    const { Config } = await container.inspect();
    const raw = await container.logs({ stdout: true, stderr: true, tail: shownLines });
    // A log that happens to be JSON comes parsed.
    const bytes = Buffer.isBuffer(raw) ? raw : Buffer.from(JSON.stringify(raw));
    return lastLines(Config.Tty ? bytes.toString() : unframed(bytes));
  } catch (error) {
    return `(its log cannot be read: ${messageOf(error).trim()})`;
  }
}

/** Without a terminal each piece of output has a header: a byte for the stream, three of nothing, four for the length. */
function unframed(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at + frameHeader <= bytes.length) {
    const end = at + frameHeader + bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + frameHeader, end));
    at = end;
  }
  return Buffer.concat(pieces).toString();
}
