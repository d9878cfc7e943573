import type { WebSocket } from 'ws';

/** From here on, what is to be sent waits in memory, and nothing more is read that could add to it. */
const fullBytes = 64 * 1024;

/** Messages that are read of one side in a second; the others wait in the network. */
const mostPerSecond = 200;

/** Bytes that wait in this process, of all sockets together. */
export interface Backlog {
  bytes: number;
}

interface Options {
  readonly backlog: Backlog;
  readonly onMessage: (data: Buffer, binary: boolean) => void;
  /** Something that waited was sent. */
  readonly onDrained: () => void;
}

/** One side of a relay: sends, holds its reading up, and knows whether somebody is still there. */
export class Peer {
  private heard = true;
  private read = 0;
  private readonly holds = new Set<'full' | 'fast'>();
  private slowing: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly options: Options,
  ) {
    socket.on('message', (data, binary) => {
      this.heard = true;
      this.slow();
      options.onMessage(data as Buffer, binary);
    });
    socket.on('pong', () => (this.heard = true));
    socket.on('close', () => clearInterval(this.slowing));
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.socket.bufferedAmount;
  }

  get full(): boolean {
    return this.waiting > fullBytes;
  }

  send(data: string | Buffer): void {
    const bytes = Buffer.byteLength(data);
    this.options.backlog.bytes += bytes;
    this.socket.send(data, { binary: false }, () => {
      this.options.backlog.bytes -= bytes;
      this.heard = true;
      this.options.onDrained();
    });
  }

  /** Stops reading, or goes on. */
  holdWhile(full: boolean): void {
    this.hold('full', full);
  }

  /** Asks whether somebody is there; false when nothing came since the last time. Who was not read is not judged. */
  beat(): boolean {
    const alive = this.heard || (this.holds.size > 0 && this.waiting === 0);
    this.heard = false;
    if (alive) this.socket.ping();
    return alive;
  }

  /** Says goodbye; whoever does not answer in time is cut off. */
  close(code: number, text: string): void {
    this.holds.clear();
    this.socket.resume();
    this.socket.close(code, text);
    const cut = setTimeout(() => this.socket.terminate(), 2_000);
    this.socket.once('close', () => clearTimeout(cut));
  }

  private slow(): void {
    this.read += 1;
    if (this.read <= mostPerSecond) {
      this.slowing ??= setInterval(() => {
        this.read = 0;
        this.hold('fast', false);
      }, 1_000);
    } else this.hold('fast', true);
  }

  private hold(why: 'full' | 'fast', held: boolean): void {
    if (this.holds.has(why) === held) return;
    if (held) this.holds.add(why);
    else this.holds.delete(why);
    if (this.holds.size > 0) this.socket.pause();
    else this.socket.resume();
  }
}
