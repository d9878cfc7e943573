import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { passedHeaders } from '../asked';
import type { GraphqlDoor, GuardConfig } from '../config';
import { requirePlace, stillLetIn, type DecideParts } from '../decide';
import type { Metrics } from '../metrics';
import { Refusal } from '../refusal';
import type { Backlog } from '../../shared/sockets/backlog';
import type { Seat, Seats } from '../../shared/sockets/seats';
import { timerAt } from '../../shared/timer';
import { admit, type Admitted } from './admit';
import { asRefusal, expired, initMissing, stopping, tooMany, unsupported } from './closing';
import { Link } from './link';
import { errorOf, protocol, readClient, readService } from './messages';
import { admitOperation } from './operation';
import { Operations } from './operations';
import { seatFor } from './seat';
import { connect } from './service';

export interface RelayParts extends DecideParts {
  readonly config: GuardConfig;
  readonly metrics: Metrics;
  readonly seats: Seats;
  readonly backlog: Backlog;
}

interface Upgrade {
  readonly door: GraphqlDoor;
  readonly request: IncomingMessage;
}

/** What is known of a socket when it has ended. */
interface Ended {
  readonly refusal: Refusal;
  readonly tenant: string;
  readonly user: string;
  /** How many were passed on. */
  readonly operations: number;
}

/** How long a client may take to say who it is. */
const initMs = 3_000;

/** While nobody can be asked whether its caller is still let in, a socket stays for this long. */
const unconfirmedMs = 60_000;

/**
 * One client's socket and the connection behind it. Nothing passes that was not understood: of the client's messages,
 * operations that were admitted, as they came; of the service's, answers to those operations.
 */
export class Relay {
  /** Resolves when nothing passes any more. */
  readonly ended: Promise<Ended>;
  /** What counts it, while it does. */
  seat: Seat | undefined;
  private tell!: (ended: Ended) => void;
  private state: 'new' | 'deciding' | 'open' | 'ended' = 'new';
  private readonly link: Link;
  private readonly operations: Operations;
  private admitted: Admitted | undefined;
  private confirmedAt = performance.now();
  private timer: NodeJS.Timeout;
  private readonly left = new AbortController();
  private leaving = false;
  private passed = 0;
  private tenant = '';
  private user = '';

  constructor(
    socket: WebSocket,
    private readonly upgrade: Upgrade,
    private readonly parts: RelayParts,
  ) {
    const { config, metrics, backlog } = parts;
    this.ended = new Promise((resolve) => (this.tell = resolve));
    this.operations = new Operations(metrics);
    this.link = new Link(socket, {
      backlog,
      metrics,
      maxMessageBytes: config.query.maxBodyBytes,
      maxBufferedBytes: config.sockets.maxBufferedBytes,
      fromClient: (data) => this.fromClient(data),
      fromService: (data) => this.fromService(data),
      onBroken: (refusal) => this.end(refusal),
    });
    this.timer = setTimeout(() => this.end(initMissing()), initMs);
    if (socket.protocol !== protocol) this.end(unsupported(protocol));
  }

  /** Of whom it is, once that is known. */
  get tenantId(): string | undefined {
    return this.admitted?.granted.session.tenantId;
  }

  /** Asks whether the caller is still let in, and ends the socket when not. Never lets anybody in. */
  async review(): Promise<void> {
    const { admitted } = this;
    if (!admitted || this.hasEnded()) return;
    const { asked, granted } = admitted;
    try {
      const { shared, counted } = await stillLetIn(asked, this.parts);
      requirePlace({ shared }, this.upgrade.door);
      this.admitted = { asked, granted: { ...granted, shared, counted } };
      this.confirmedAt = performance.now();
    } catch (error) {
      const refusal = asRefusal(error);
      const unknown = refusal.status === 503;
      if (!unknown || performance.now() - this.confirmedAt > unconfirmedMs) this.end(refusal);
    }
  }

  /** Asks both sides whether they are there. */
  beat(): void {
    if (!this.hasEnded()) this.link.beat();
  }

  /** Ends when what is being answered has been answered; at once when nothing is. */
  leave(): void {
    this.leaving = true;
    if (!this.operations.answering) this.end(stopping());
  }

  /** Says why, and frees everything. The first reason counts. */
  end(refusal: Refusal): void {
    if (this.hasEnded()) return;
    this.state = 'ended';
    clearTimeout(this.timer);
    this.left.abort();
    this.link.close(refusal);
    if (this.seat) void this.parts.seats.free(this.seat);
    this.operations.clear();
    const { tenant, user, passed: operations } = this;
    this.tell({ refusal, tenant, user, operations });
  }

  private fromClient(data: Buffer): void {
    const message = readClient(data);
    if (message.type === 'connection_init') this.init(message.payload);
    else if (message.type === 'subscribe') this.subscribe(message.id, message.payload, data);
    else if (message.type === 'ping') this.link.toClient('{"type":"pong"}');
    else if (message.type === 'complete') {
      if (this.operations.isPassed(message.id)) this.link.toService(data);
      this.operations.end(message.id);
    }
  }

  private init(payload: unknown): void {
    if (this.state !== 'new') {
      throw new Refusal(429, 'init_repeated', 'connection_init was sent before');
    }
    this.state = 'deciding';
    clearTimeout(this.timer);
    this.open(payload).catch((error: unknown) => this.end(asRefusal(error)));
  }

  private async open(payload: unknown): Promise<void> {
    const { door, request } = this.upgrade;
    const { seats, config, metrics } = this.parts;
    const began = performance.now();
    // From then on it hears of changes.
    this.admitted = await admit(payload, { door, request }, this.parts, (slug, userId) => {
      this.tenant = slug;
      this.user = userId;
    });
    const { granted } = this.admitted;
    const seat = await seatFor(granted.counted, seats);
    if (this.hasEnded()) return void seats.free(seat);
    this.seat = seat;
    const service = await connect(door, {
      headers: passedHeaders(request, granted),
      authorization: granted.authorization,
      maxBytes: config.sockets.maxBufferedBytes,
      signal: this.left.signal,
    });
    if (this.hasEnded()) {
      service.terminate();
      return;
    }
    this.link.attach(service);
    this.timer = timerAt(granted.endsAt, () => this.end(expired()));
    // What was changed while it was decided on was not heard.
    await this.review();
    if (this.hasEnded()) return;
    this.state = 'open';
    const seconds = (performance.now() - began) / 1000;
    metrics.decided({ door: 'socket', tenant: this.tenant, reason: undefined, seconds });
    this.link.toClient('{"type":"connection_ack"}');
  }

  private subscribe(id: string, payload: unknown, data: Buffer): void {
    const { admitted, operations } = this;
    if (this.state !== 'open' || !admitted) {
      throw new Refusal(401, 'init_first', 'wait for connection_ack before you subscribe');
    }
    if (operations.has(id)) {
      throw new Refusal(409, 'operation_repeated', 'an operation of this id runs already');
    }
    if (this.leaving) {
      this.refuse(id, stopping());
      return;
    }
    const most = this.parts.config.sockets.subscriptions;
    if (operations.size >= most) {
      this.refuse(id, tooMany(most));
      return;
    }
    const operation = operations.start(id);
    admitOperation(payload, admitted.granted, this.parts).then(
      (kind) => {
        if (!operations.pass(id, operation, kind)) return;
        this.passed += 1;
        this.link.toService(data);
      },
      (error: unknown) => {
        if (operations.end(id, operation)) this.refuse(id, asRefusal(error));
      },
    );
  }

  private fromService(data: Buffer): void {
    const { type, id } = readService(data);
    if (type === 'ping') {
      this.link.toService('{"type":"pong"}');
      return;
    }
    const answers = type === 'next' || type === 'error' || type === 'complete';
    if (!answers || !this.operations.isPassed(id)) {
      this.parts.metrics.message('unasked');
      return;
    }
    if (type !== 'next') this.operations.end(id);
    this.link.toClient(data);
    if (this.leaving && !this.operations.answering) this.end(stopping());
  }

  /** Ends one operation; the socket lives on. */
  private refuse(id: string, refusal: Refusal): void {
    const { reason } = refusal;
    this.parts.metrics.decided({ door: 'socket', tenant: this.tenant, reason, seconds: 0 });
    this.link.toClient(errorOf(id, refusal));
  }

  private hasEnded(): boolean {
    return this.state === 'ended';
  }
}
