import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = { readonly status: number; readonly headers?: Record<string, string> } | 'hang';

/** A stand-in for whatever receives web-hooks: notes what comes and gives the answers that it was told, then 204. */
export class Receiver {
  readonly received: Received[] = [];
  readonly answers: Answer[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        this.received.push({ method, url, headers, body: Buffer.concat(parts).toString() });
        const answer = this.answers.shift() ?? { status: 204 };
        if (answer === 'hang') return;
        response.writeHead(answer.status, answer.headers).end();
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver(createServer());
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
