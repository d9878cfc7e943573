import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { header } from '../asked';
import type { GraphqlDoor } from '../config';
import { graphqlError } from '../graphql';
import { Refusal } from '../refusal';
import { Backlog } from '../../shared/sockets/backlog';
import { protocol } from './messages';
import { stopping } from './closing';
import { Relay, type RelayParts } from './relay';

interface Parts extends Omit<RelayParts, 'backlog'> {
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** How long what is being answered may take when the guard stops. */
const drainMs = 5_000;

/** Sockets that are asked about at the same time: the database answers requests meanwhile. */
const reviewers = 4;

/**
 * GraphQL over WebSocket: takes upgrades at the doors that say so, one `Relay` for each socket, and asks of all living
 * ones whether their callers are still let in.
 */
export class Sockets {
  private readonly living = new Set<Relay>();
  private readonly parts: RelayParts;
  private readonly log: Parts['log'];
  private readonly server: WebSocketServer;
  private readonly timer: NodeJS.Timeout;
  private stopping = false;

  constructor({ log, ...parts }: Parts) {
    this.log = log;
    this.parts = { ...parts, backlog: new Backlog() };
    const { query, sockets } = parts.config;
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: query.maxBodyBytes,
      // What is compressed is larger than it looks.
      perMessageDeflate: false,
      // Who speaks another one learns that over the socket: a browser shows nothing of a refused upgrade.
      handleProtocols: (offered) => (offered.has(protocol) ? protocol : ([...offered][0] ?? false)),
    });
    this.timer = setInterval(() => void this.beat(), sockets.pingSeconds * 1000);
    this.timer.unref();
  }

  /** What an HTTP server does with a request to upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path] = (request.url ?? '').split('?', 1);
    const door = this.parts.config.graphql.find((one) => one.websocket && one.path === path);
    if (!door) {
      const message = 'WebSocket is not served here: use POST';
      refuse(socket, new Refusal(400, 'websocket_unsupported', message));
      return;
    }
    if (this.stopping) {
      refuse(socket, stopping());
      return;
    }
    this.server.handleUpgrade(request, socket, head, (opened) => {
      void this.relay(opened, request, door);
    });
  }

  /** Of one tenant's sockets, or of all: who is let in no more is put out. */
  async review(tenantId?: string): Promise<void> {
    const concerned = [...this.living].filter(
      (relay) => relay.tenantId !== undefined && (!tenantId || relay.tenantId === tenantId),
    );
    const work = async (): Promise<void> => {
      for (let next = concerned.pop(); next; next = concerned.pop()) await next.review();
    };
    await Promise.all(Array.from({ length: reviewers }, work));
  }

  /** Takes no more, and says goodbye to all; resolves when they have been told. */
  async close(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    const relays = [...this.living];
    for (const relay of relays) relay.leave();
    const patience = new AbortController();
    await Promise.race([
      Promise.all(relays.map(({ ended }) => ended)),
      sleep(drainMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    for (const relay of relays) relay.end(stopping());
  }

  private async beat(): Promise<void> {
    for (const relay of this.living) relay.beat();
    await this.parts.seats.renew([...this.living].flatMap(({ seat }) => seat ?? []));
    await this.review();
  }

  private async relay(
    opened: WebSocket,
    request: IncomingMessage,
    door: GraphqlDoor,
  ): Promise<void> {
    const began = performance.now();
    const { metrics } = this.parts;
    const relay = new Relay(opened, { door, request }, this.parts);
    metrics.socketOpened();
    this.living.add(relay);
    const { refusal, tenant, user, operations } = await relay.ended;
    this.living.delete(relay);
    metrics.socketClosed(refusal.reason);
    this.log({
      level: 'info',
      door: 'socket',
      request: header(request, 'x-request-id').slice(0, 64),
      tenant,
      user,
      path: door.path,
      reason: refusal.reason,
      operations,
      milliseconds: Math.round(performance.now() - began),
    });
  }
}

/** An answer in the place of an upgrade. */
function refuse(socket: Duplex, refusal: Refusal): void {
  const body = JSON.stringify({ errors: [graphqlError(refusal)] });
  const head = [
    `HTTP/1.1 ${String(refusal.status)} ${STATUS_CODES[refusal.status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${String(Buffer.byteLength(body))}`,
    `x-strata-reason: ${refusal.reason}`,
    'connection: close',
  ];
  socket.on('error', () => undefined);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
