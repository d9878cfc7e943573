import type { WebSocket } from 'ws';
import type { Metrics } from '../metrics';
import { Refusal } from '../refusal';
import { asRefusal, clientBroken, closingOf, serviceBroken, serviceEnded } from './closing';
import { invalid } from './messages';
import type { Backlog } from '../../shared/sockets/backlog';
import { Peer } from '../../shared/sockets/peer';

interface Options {
  readonly backlog: Backlog;
  readonly metrics: Metrics;
  /** The largest message of a client. */
  readonly maxMessageBytes: number;
  /** What may wait for the client. */
  readonly maxBufferedBytes: number;
  readonly fromClient: (data: Buffer) => void;
  readonly fromService: (data: Buffer) => void;
  /** Told whatever makes it useless, once or more. */
  readonly onBroken: (refusal: Refusal) => void;
}

/** A client and the service behind, as wires: who writes faster than the other side reads is not read meanwhile. */
export class Link {
  private readonly client: Peer;
  private service: { readonly peer: Peer; readonly socket: WebSocket } | undefined;
  private closed = false;

  constructor(
    socket: WebSocket,
    private readonly options: Options,
  ) {
    const { onBroken, maxMessageBytes, metrics } = options;
    this.client = this.peer(socket, (data, binary) => {
      metrics.message('in');
      if (binary) throw invalid('messages are text');
      options.fromClient(data);
    });
    socket.on('error', (error) => onBroken(clientBroken(error, maxMessageBytes)));
    socket.on('close', () => onBroken(new Refusal(499, 'client_left', 'the client has left')));
  }

  /** The connection behind, from now on. */
  attach(socket: WebSocket): void {
    const { onBroken, fromService } = this.options;
    const peer = this.peer(socket, (data, binary) => {
      if (binary) throw serviceEnded();
      fromService(data);
    });
    socket.on('error', (error) => onBroken(serviceBroken(error)));
    socket.on('close', (code) => onBroken(serviceEnded(code)));
    this.service = { peer, socket };
  }

  toClient(data: string | Buffer): void {
    const { metrics, maxBufferedBytes, onBroken } = this.options;
    if (!this.client.hasRoomFor(data, maxBufferedBytes)) {
      onBroken(slow());
      return;
    }
    metrics.message('out');
    this.client.send(data);
    this.balance();
  }

  toService(data: string | Buffer): void {
    this.service?.peer.send(data);
    this.balance();
  }

  /** Asks both sides whether they are there. */
  beat(): void {
    const { onBroken } = this.options;
    if (!this.client.beat()) {
      onBroken(
        this.client.waiting > 0
          ? new Refusal(503, 'client_slow', 'the client does not read what it asked for')
          : new Refusal(503, 'client_silent', 'the client does not answer'),
      );
    } else if (this.service?.peer.beat() === false) onBroken(serviceEnded());
  }

  /** Tells the client why. */
  close(refusal: Refusal): void {
    this.closed = true;
    const { code, text } = closingOf(refusal);
    this.client.close(code, text);
    this.service?.socket.terminate();
  }

  private peer(socket: WebSocket, handle: (data: Buffer, binary: boolean) => void): Peer {
    return new Peer(socket, {
      backlog: this.options.backlog,
      onMessage: (data, binary) => {
        if (this.closed) return;
        try {
          handle(data, binary);
        } catch (error) {
          this.options.onBroken(asRefusal(error));
        }
      },
      onCrowding: () => this.options.onBroken(slow()),
      onDrained: () => this.balance(),
    });
  }

  /** Reads from nobody whose messages would have to wait here. */
  private balance(): void {
    if (this.closed) return;
    this.service?.peer.holdWhile(this.client.full);
    this.client.holdWhile(this.client.full || this.service?.peer.full === true);
  }
}

function slow(): Refusal {
  return new Refusal(503, 'client_slow', 'too much waits for the client to read it');
}
