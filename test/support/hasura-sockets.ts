import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecretKey } from 'node:crypto';
import { jwtVerify } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { timerAt } from '../../components/services/images/shared/timer';
import { claimsNamespace, type Issuer } from './forge';

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: {
    readonly query?: string;
    readonly variables?: Record<string, unknown>;
    readonly headers?: Record<string, string>;
  };
}

/** One connection, as the stand-in has it. */
export interface Connection {
  readonly socket: WebSocket;
  /** Of the upgrade. */
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly inits: Message[];
  /** Texts, as they came. */
  readonly received: string[];
  readonly subscriptions: Set<string>;
  tenant: string;
  user: string;
}

/**
 * A stand-in for Hasura v2's sockets, with what upstream says of them: `graphql-transport-ws` at `/v1/graphql`, who it is by
 * the headers in `connection_init`'s payload, verified once and good until the token expires, when the socket is closed
 * (github.com/hasura/graphql-engine/issues/4644 and /pull/2156, read 2026-11-22). A subscription gets one `next` for each
 * change; a query or a mutation one `next` and `complete`. Results name the tenant and the user of the token.
 */
export class HasuraSockets {
  readonly connections: Connection[] = [];
  /** Instead of the acknowledgement. */
  onInit: ((connection: Connection) => void) | undefined;
  /** Instead of results. */
  onOperation: ((connection: Connection, message: Message) => void) | undefined;

  private constructor(
    private readonly server: Server,
    private readonly issuer: Issuer,
  ) {}

  static async start(issuer: Issuer): Promise<HasuraSockets> {
    const server = createServer((_, response) => response.end('{"data":{"ok":true}}'));
    const sockets = new WebSocketServer({ server, path: '/v1/graphql' });
    const hasura = new HasuraSockets(server, issuer);
    sockets.on('connection', (socket, { headers, url }) => {
      const connection: Connection = {
        socket,
        headers,
        url: url ?? '',
        inits: [],
        received: [],
        subscriptions: new Set(),
        tenant: '',
        user: '',
      };
      hasura.connections.push(connection);
      socket.on('error', () => undefined);
      socket.on('message', (data) => {
        connection.received.push((data as Buffer).toString());
        void hasura.take(connection, JSON.parse((data as Buffer).toString()) as Message);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hasura;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/v1/graphql`;
  }

  /** Connections that are open. */
  get open(): Connection[] {
    return this.connections.filter(({ socket }) => socket.readyState === socket.OPEN);
  }

  /** Something has changed: one `next` for every subscription of those that are concerned. */
  change(value: unknown, concerned: (connection: Connection) => boolean = () => true): void {
    for (const connection of this.open.filter(concerned)) {
      for (const id of connection.subscriptions) answer(connection, id, value);
    }
  }

  /** As at first, without connections. */
  reset(): void {
    this.onInit = undefined;
    this.onOperation = undefined;
    for (const { socket } of this.connections.splice(0)) socket.terminate();
  }

  async stop(): Promise<void> {
    this.reset();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async take(connection: Connection, message: Message): Promise<void> {
    const { socket, subscriptions, inits } = connection;
    const { type, id = '', payload } = message;
    if (type === 'connection_init') {
      inits.push(message);
      await this.admit(connection, payload?.headers?.Authorization ?? '');
    } else if (type === 'complete') subscriptions.delete(id);
    else if (type === 'subscribe') {
      if (this.onOperation) this.onOperation(connection, message);
      else if (/^\s*subscription\b/.test(payload?.query ?? '')) subscriptions.add(id);
      else {
        answer(connection, id, payload?.variables?.value ?? null);
        socket.send(JSON.stringify({ id, type: 'complete' }));
      }
    }
  }

  private async admit(connection: Connection, authorization: string): Promise<void> {
    const { socket } = connection;
    try {
      const token = authorization.replace('Bearer ', '');
      const { issuer, audience, key } = this.issuer;
      const rules = { issuer, audience, algorithms: ['HS256'] };
      const { payload } = await jwtVerify(token, createSecretKey(key, 'utf8'), rules);
      const claims = payload[claimsNamespace] as Record<string, string>;
      connection.tenant = claims['x-hasura-tenant-id'] ?? '';
      connection.user = claims['x-hasura-user-id'] ?? '';
      const ends = timerAt((payload.exp ?? 0) * 1000, () => socket.close());
      socket.once('close', () => clearTimeout(ends));
      if (this.onInit) this.onInit(connection);
      else socket.send('{"type":"connection_ack"}');
    } catch {
      socket.close(4403, 'Forbidden');
    }
  }
}

/** One result; whose it is stands in it. */
export function answer({ socket, tenant, user }: Connection, id: string, value: unknown): void {
  socket.send(JSON.stringify({ id, type: 'next', payload: { data: { tenant, user, value } } }));
}
