import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { looksLikeKey } from '../guard/key';
import { log } from '../shared/log';
import { Backlog } from '../shared/sockets/backlog';
import { Refusal } from '../shared/refusal';
import { Client, type ClientParts } from './client';
import { stopping } from './closing';
import { versions, type Version } from './frames';

/** Sockets that the guard is asked about at the same time. */
const reviewers = 8;

/** The guard hears of a change by itself, perhaps a moment later. */
const againMs = 1_000;

/** All sockets of this process: takes upgrades, and asks of the living ones whether their members are still let in. */
export class Sockets {
  private readonly living = new Set<Client>();
  /** Whose members the guard is to be asked about. */
  private readonly due = new Set<Client>();
  private asking = 0;
  /** Tenants, or all, of which something was heard in this second; whether more was since. */
  private readonly again = new Map<string | undefined, boolean>();
  private readonly parts: ClientParts;
  private readonly server: WebSocketServer;
  private readonly timers: NodeJS.Timeout[];
  private stopping = false;

  constructor(
    parts: Omit<ClientParts, 'backlog'>,
    private readonly path: string,
  ) {
    const { messages, sockets, presence } = parts.config;
    this.parts = {
      ...parts,
      backlog: new Backlog(),
    };
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: messages.maxBytes,
      // What is compressed is larger than it looks.
      perMessageDeflate: false,
    });
    this.timers = [
      setInterval(() => void this.beat(), sockets.pingSeconds * 1000),
      // Twice in vain, and it is still there.
      setInterval(() => void this.renew(), (presence.leaseSeconds * 1000) / 3),
    ];
  }

  /** What an HTTP server does with a request to upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      const wanted = this.wanted(request.url ?? '');
      this.server.handleUpgrade(request, socket, head, (opened) => {
        void this.serve(opened, request, wanted);
      });
    } catch (error) {
      refuse(socket, error as Refusal);
    }
  }

  /** Of one tenant's sockets, or of all: who is let in no more is put out. Who waits to be asked about is so once. */
  review(tenantId?: string): void {
    for (const client of this.living) {
      const { member } = client.identity;
      if (member && (!tenantId || member.tenantId === tenantId)) this.due.add(client);
    }
    while (this.asking < Math.min(reviewers, this.due.size)) void this.reviewDue();
  }

  /** Something has changed that the guard judges by; whoever signs out says so, and all sockets are asked about. */
  changed(tenantId?: string): void {
    const waits = this.again.has(tenantId);
    this.again.set(tenantId, waits);
    if (waits) return;
    this.review(tenantId);
    setTimeout(() => {
      const more = this.again.get(tenantId);
      this.again.delete(tenantId);
      if (more) this.changed(tenantId);
      else this.review(tenantId);
    }, againMs).unref();
  }

  /** Takes no more, and says goodbye to all; resolves when everything is freed. */
  async close(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([...this.living].map((client) => client.end(stopping())));
  }

  private async reviewDue(): Promise<void> {
    this.asking += 1;
    for (const client of this.due) {
      this.due.delete(client);
      await client.identity.review();
    }
    this.asking -= 1;
  }

  private async beat(): Promise<void> {
    for (const client of this.living) client.beat();
    const seats = [...this.living].flatMap(({ identity: { seat } }) => seat ?? []);
    await this.parts.seats.renew(seats).catch(warn);
    this.review();
  }

  /** Presences of this process stay, and of a process that was killed those in its rooms end. */
  private async renew(): Promise<void> {
    const leases = [...this.living].flatMap((client) => client.leases);
    await this.parts.presence.renew(leases).catch(warn);
    for (const place of this.parts.rooms.places) {
      await this.parts.presence.sweep(place, this.parts.rooms).catch(warn);
    }
  }

  private wanted(url: string): { readonly version: Version; readonly apiKey: string } {
    const { pathname, searchParams } = new URL(url, 'http://realtime');
    if (pathname !== this.path) throw new Refusal(404, 'not_found', 'there is nothing here');
    if (this.stopping) throw stopping();
    const apiKey = searchParams.get('apikey') ?? '';
    if (looksLikeKey(apiKey)) {
      const message =
        'an API key of the platform does not belong into an address: use access_token';
      throw new Refusal(400, 'key_in_query', message);
    }
    // Clients that say none are of the first.
    const asked = searchParams.get('vsn') ?? '1.0.0';
    const version = versions.find((one) => one === asked);
    if (!version) {
      throw new Refusal(400, 'version_unsupported', `vsn is one of ${versions.join(', ')}`);
    }
    return { version, apiKey };
  }

  private async serve(
    opened: WebSocket,
    request: IncomingMessage,
    wanted: ReturnType<Sockets['wanted']>,
  ): Promise<void> {
    const began = performance.now();
    const { metrics } = this.parts;
    const client = new Client(opened, { request, ...wanted }, this.parts);
    metrics.opened();
    this.living.add(client);
    const { reason, member } = await client.ended;
    this.living.delete(client);
    metrics.closed(reason.code);
    log('info', 'a socket has ended', {
      request: String(request.headers['x-request-id'] ?? '').slice(0, 64),
      tenant: member?.tenantId ?? '',
      user: member?.userId ?? '',
      reason: reason.code,
      milliseconds: Math.round(performance.now() - began),
    });
  }
}

function warn(error: unknown): void {
  log('warn', (error as Error).message);
}

/** An answer in the place of an upgrade. */
function refuse(socket: Duplex, { status, code, message }: Refusal): void {
  const body = JSON.stringify({ error: message, code, message });
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
  ];
  socket.on('error', () => undefined);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
