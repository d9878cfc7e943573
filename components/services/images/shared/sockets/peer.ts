import type { WebSocket } from 'ws';
import type { Backlog } from './backlog';

/** From here on, what is to be sent waits in memory, and nothing more is read that could add to it. */
const fullBytes = 64 * 1024;

/** Messages that are read of one side in a second; the others wait in the network. */
const mostPerSecond = 200;

/** Why nothing is read: too much waits to be sent, too much came, what came last is still being decided on. */
type Hold = 'full' | 'fast' | 'busy';

interface Options {
  readonly backlog: Backlog;
  readonly onMessage: (data: Buffer, binary: boolean) => void;
  /** Too much waits in this process, and most of it for this one. */
  readonly onCrowding: () => void;
  /** Something that waited was sent. */
  readonly onDrained: () => void;
}

/** The other side of a socket: sends, holds its reading up, and knows whether somebody is still there. */
export class Peer {
  private heard = true;
  private read = 0;
  private readonly holds = new Set<Hold>();
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

  /** Whether so much more may wait for this one to read it; `most` in bytes. */
  hasRoomFor(data: string | Buffer, most: number): boolean {
    const bytes = this.waiting + Buffer.byteLength(data);
    return bytes <= most && this.options.backlog.hasRoomFor(this);
  }

  crowds(): void {
    this.options.onCrowding();
  }

  send(data: string | Buffer, binary = false): void {
    const bytes = Buffer.byteLength(data);
    this.options.backlog.waits(this, bytes);
    this.socket.send(data, { binary }, () => {
      this.options.backlog.sent(this, bytes);
      this.heard = true;
      this.options.onDrained();
    });
  }

  /** Stops reading, or goes on. */
  holdWhile(held: boolean, why: Exclude<Hold, 'fast'> = 'full'): void {
    this.hold(why, held);
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

  private hold(why: Hold, held: boolean): void {
    if (this.holds.has(why) === held) return;
    if (held) this.holds.add(why);
    else this.holds.delete(why);
    if (this.holds.size > 0) this.socket.pause();
    else this.socket.resume();
  }
}
