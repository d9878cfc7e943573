import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A port that leads to another one and can be cut: an outage of what is behind, without ending it. */
export class Wire {
  private readonly open = new Set<Socket>();
  private state: 'whole' | 'cut' | 'silent' = 'whole';

  private constructor(
    private readonly server: Server,
    target: number,
  ) {
    server.on('connection', (near: Socket) => {
      if (this.state === 'cut') {
        near.destroy();
        return;
      }
      const far = connect(target, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.open.add(one);
        one.on('data', (chunk) => {
          if (this.state === 'whole') other.write(chunk);
        });
        one.on('error', () => undefined);
        one.on('close', () => {
          this.open.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async to(target: number): Promise<Wire> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends what is connected and takes no new connection. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.open) socket.destroy();
  }

  /** Keeps what is connected and passes nothing on. */
  silence(): void {
    this.state = 'silent';
  }

  /** As at first; what was silent is ended. */
  mend(): void {
    if (this.state === 'whole') return;
    this.cut();
    this.state = 'whole';
  }

  stop(): void {
    this.cut();
    this.server.close();
  }
}
