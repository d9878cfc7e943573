import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the service behind the guard got it. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (response: ServerResponse, received: Received) => void;

const hello: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"ok":true}}');
};

/** A service behind the guard: keeps what it got, answers what a test says. */
export class Upstream {
  readonly received: Received[] = [];
  answer: Answer = hello;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body: Buffer.concat(chunks).toString() };
        upstream.received.push(received);
        upstream.answer(response, received);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what it got and answers as at first. */
  reset(): void {
    this.received.length = 0;
    this.answer = hello;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
