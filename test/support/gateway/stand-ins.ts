import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** What a service has been asked. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly raw: readonly string[];
  readonly body: string;
}

export interface StandIn {
  readonly port: number;
  readonly asked: Asked[];
  /** Answers instead of "200, what was asked"; `undefined` again for that. */
  answer: RequestListener | undefined;
  close(): Promise<void>;
}

/** A stand-in for a service: records what it is asked, echoes web sockets. */
export async function startStandIn(address = '127.0.0.1', port = 0): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      asked.push({ method, url, headers, raw: rawHeaders, body: Buffer.concat(chunks).toString() });
      if (standIn.answer) standIn.answer(request, response);
      else
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ url, from: address, count: asked.length }));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data as Buffer, { binary: false }));
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  const standIn: StandIn = {
    port: (server.address() as AddressInfo).port,
    asked,
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return standIn;
}
