import type { WebSocket } from 'ws';
import type { Refusal } from '../shared/refusal';
import type { Backlog } from '../shared/sockets/backlog';
import { Peer } from '../shared/sockets/peer';
import { broken, closingOf, left, silent, slow } from './closing';
import { readFrame, writeFrame, type Frame, type Version } from './frames';
import type { Metrics } from './metrics';

interface Options {
  readonly version: Version;
  readonly backlog: Backlog;
  readonly metrics: Metrics;
  /** The largest message of a client, in bytes. */
  readonly maxBytes: number;
  /** What may wait for the client, in bytes. */
  readonly maxBufferedBytes: number;
  readonly onFrame: (frame: Frame) => void;
  /** Told whatever makes it useless, once or more. */
  readonly onBroken: (reason: Refusal) => void;
}

/** A client's socket as frames: who does not read is not read from, and is closed when too much waits for it. */
export class Wire {
  private readonly peer: Peer;
  private closed = false;

  constructor(
    socket: WebSocket,
    private readonly options: Options,
  ) {
    const { version, backlog, metrics, maxBytes, onFrame, onBroken } = options;
    this.peer = new Peer(socket, {
      backlog,
      onMessage: (data, binary) => {
        if (this.closed) return;
        metrics.message('in');
        try {
          onFrame(readFrame(data, binary, version));
        } catch (error) {
          onBroken(error as Refusal);
        }
      },
      onCrowding: () => onBroken(slow()),
      onDrained: () => this.balance(),
    });
    socket.on('error', (error) => onBroken(broken(error, maxBytes)));
    socket.on('close', () => onBroken(left()));
  }

  write(frame: Frame): void {
    this.send(writeFrame(frame, this.options.version));
  }

  /** What was written before, for several clients at once. */
  send(data: string | Buffer): void {
    if (this.closed) return;
    const { maxBufferedBytes, metrics, onBroken } = this.options;
    if (!this.peer.hasRoomFor(data, maxBufferedBytes)) {
      onBroken(slow());
      return;
    }
    metrics.message('out');
    this.peer.send(data, Buffer.isBuffer(data));
    this.balance();
  }

  /** An answer to a frame. */
  reply({ joinRef, ref, topic }: Frame, response: object): void {
    const payload = { status: 'ok', response };
    this.write({ joinRef, ref, topic, event: 'phx_reply', payload });
  }

  refuse({ joinRef, ref, topic }: Frame, { code, message }: Refusal): void {
    this.options.metrics.refused(code);
    const payload = { status: 'error', response: { reason: message, code } };
    this.write({ joinRef, ref, topic, event: 'phx_reply', payload });
  }

  /** Reads nothing more, or goes on: what came last is still being decided on. */
  holdWhile(busy: boolean): void {
    if (!this.closed) this.peer.holdWhile(busy, 'busy');
  }

  /** Asks whether somebody is there. */
  beat(): void {
    if (this.closed || this.peer.beat()) return;
    this.options.onBroken(this.peer.waiting > 0 ? slow() : silent());
  }

  /** Tells the client why. */
  close(reason: Refusal): void {
    this.closed = true;
    const { code, text } = closingOf(reason);
    this.peer.close(code, text);
  }

  private balance(): void {
    if (!this.closed) this.peer.holdWhile(this.peer.full);
  }
}
