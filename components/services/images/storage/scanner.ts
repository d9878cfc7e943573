import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { Refusal } from '../shared/refusal';
import { log } from '../shared/log';

interface Options {
  readonly host: string;
  readonly port: number;
  /** How long the connection may be silent: what clamd takes for one file, and a reload of its signatures; seconds. */
  readonly seconds: number;
}

/** What clamd calls a file that it could not read to its end, with `AlertExceedsMax`. */
const incomplete = 'Heuristics.Limits.Exceeded';

/**
 * Asks clamd about the content of files, by INSTREAM (clamd(8)): one connection for each file, chunks that say their
 * length, and one line as the answer. Nothing but the answer `OK` to every byte lets a file pass.
 *
 * The packages for this on npm start programs, or have not changed for years; the protocol is these few lines.
 */
export class Scanner {
  constructor(private readonly options: Options) {}

  /**
   * Throws a `Refusal`: 422 when something is found, 503 when clamd was not asked to the end.
   *
   * @param content all `size` bytes of the file; it is read to its end or destroyed.
   */
  async check(
    content: Readable,
    size: number,
    file: Readonly<Record<string, string>>,
  ): Promise<void> {
    const answer = await this.ask(content, size).catch((error: unknown) => {
      log('error', `the virus scanner: ${(error as Error).message}`, file);
      return '';
    });
    if (answer === 'stream: OK\0') return;
    const [, signature] = /^stream: (.{1,200}) FOUND\0$/.exec(answer) ?? [];
    if (signature === undefined) {
      if (answer !== '') log('error', `the virus scanner said ${answer.slice(0, 200)}`, file);
      throw new Refusal(
        503,
        'scanner_unavailable',
        'files cannot be searched for viruses right now, and none is taken unsearched: try again later',
      );
    }
    log('warn', 'a virus was found', { ...file, signature });
    if (signature.startsWith(incomplete)) {
      throw new Refusal(
        422,
        'scan_incomplete',
        'the file cannot be searched to its end: what is packed in it is too large or too deep',
      );
    }
    throw new Refusal(422, 'virus_found', 'a virus was found in the file, and it was not kept');
  }

  private async ask(content: Readable, size: number): Promise<string> {
    const { host, port, seconds } = this.options;
    const socket = connect({ host, port });
    socket.setTimeout(seconds * 1000, () => {
      socket.destroy(new Error(`no answer within ${seconds} s`));
    });
    // It stays open after the last chunk: clamd gives up on whoever has closed their side.
    const [answer] = await Promise.all([
      text(socket),
      pipeline(content, framed(size), socket, { end: false }),
    ]);
    return answer;
  }
}

/** The command, the content in chunks and the empty one that ends it: which is said of exactly `size` bytes only. */
function framed(size: number) {
  return async function* (content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    yield Buffer.from('zINSTREAM\0');
    let sent = 0;
    for await (const chunk of content) {
      if (chunk.length === 0) continue;
      sent += chunk.length;
      yield lengthOf(chunk);
      yield chunk;
    }
    if (sent !== size) throw new Error(`the store has ${sent} bytes of ${size}`);
    yield Buffer.alloc(4);
  };
}

function lengthOf(chunk: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunk.length);
  return length;
}
