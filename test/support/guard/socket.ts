import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

export interface Heard {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A client that sends what it likes, and hears all that it gets. */
export class Socket {
  readonly heard: Heard[] = [];
  /** Code and text of the end. */
  readonly ended: Promise<string>;
  private taken = 0;
  private wake: () => void = () => undefined;

  private constructor(readonly raw: WebSocket) {
    raw.on('error', () => undefined);
    raw.on('message', (data) => {
      this.heard.push(JSON.parse((data as Buffer).toString()) as Heard);
      this.wake();
    });
    this.ended = new Promise((resolve) => {
      raw.once('close', (code, reason) => resolve(`${String(code)} ${reason.toString()}`.trim()));
    });
  }

  /** Of a connection that another one opens. */
  static of(raw: WebSocket): Socket {
    return new Socket(raw);
  }

  /** Before anything was said. */
  static async open(
    port: number,
    {
      path = '/sockets',
      protocols = ['graphql-transport-ws'],
      ...options
    }: ClientOptions & { path?: string; protocols?: string[] } = {},
  ): Promise<Socket> {
    const raw = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`, protocols, options);
    const socket = new Socket(raw);
    await once(raw, 'open');
    return socket;
  }

  /** Acknowledged. */
  static async acknowledged(
    port: number,
    payload: unknown,
    options: Parameters<typeof Socket.open>[1] = {},
  ): Promise<Socket> {
    const socket = await Socket.open(port, options);
    socket.send({ type: 'connection_init', payload });
    const first = await Promise.race([socket.next(), socket.ended]);
    if (typeof first === 'string' || first.type !== 'connection_ack') {
      throw new Error(`not acknowledged: ${JSON.stringify(first)}`);
    }
    return socket;
  }

  send(message: unknown): void {
    this.raw.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    );
  }

  subscribe(id: string, query: string, variables?: Record<string, unknown>): void {
    this.send({ id, type: 'subscribe', payload: { query, ...(variables && { variables }) } });
  }

  /** The next message that nobody has waited for yet. */
  async next(): Promise<Heard> {
    for (;;) {
      const message = this.heard[this.taken];
      if (message) {
        this.taken += 1;
        return message;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** What the next message, an `error`, says. */
  async refusal(): Promise<string> {
    const { id, type, payload } = await this.next();
    const [error] = payload as { extensions?: { code?: string } }[];
    return `${String(id)} ${type} ${String(error?.extensions?.code)}`;
  }

  close(): void {
    this.raw.terminate();
  }
}
