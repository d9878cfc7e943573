import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { Refusal } from '../shared/refusal';
import type { Backlog } from '../shared/sockets/backlog';
import type { Seats } from '../shared/sockets/seats';
import type { Admission, Member } from './admission';
import { answerOf } from './bindings';
import { Channel, type ChannelParts } from './channel';
import { asRefusal, idle } from './closing';
import type { Frame, Version } from './frames';
import { Identity } from './identity';
import { channelOf, payloads, read } from './messages';
import type { Lease } from './presence';
import { Rate } from './rate';
import { Wire } from './wire';

export interface ClientParts extends ChannelParts {
  readonly admission: Admission;
  readonly seats: Seats;
  readonly backlog: Backlog;
  /** What is sent on for a whole tenant. */
  readonly tenants: Rate;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly version: Version;
  /** What stood in the query; public, and no credential. */
  readonly apiKey: string;
}

/** What is known of a socket when it has ended. */
interface Ended {
  readonly reason: Refusal;
  readonly member: Member | undefined;
}

/** A socket without a channel ends after this long. */
const idleMs = 60_000;

/** One client's socket: whose it is, and the channels that it has joined. */
export class Client {
  /** Resolves when nothing passes any more. */
  readonly ended: Promise<Ended>;
  readonly identity: Identity;
  private tell!: (ended: Ended) => void;
  private state: 'open' | 'closing' | 'over' = 'open';
  private readonly wire: Wire;
  private readonly rate: Rate;
  private readonly channels = new Map<string, Channel>();
  private idleSince = performance.now();
  /** Who somebody is, is decided one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(
    socket: WebSocket,
    private readonly upgrade: Upgrade,
    private readonly parts: ClientParts,
  ) {
    const { messages, sockets } = parts.config;
    this.ended = new Promise((resolve) => (this.tell = resolve));
    this.rate = new Rate(messages.perSecond.socket);
    this.identity = new Identity({
      ...upgrade,
      ...parts,
      onMember: (member) => this.renewChannels(member),
      onChange: (reason) => this.closeChannels(reason),
      onEnd: (reason) => void this.end(reason),
    });
    this.wire = new Wire(socket, {
      ...parts,
      version: upgrade.version,
      maxBytes: messages.maxBytes,
      maxBufferedBytes: sockets.maxBufferedBytes,
      onFrame: (frame) => this.take(frame),
      onBroken: (reason) => void this.end(reason),
    });
  }

  /** What its channels say of who is there. */
  get leases(): readonly Lease[] {
    return [...this.channels.values()].flatMap(({ lease }) => lease ?? []);
  }

  /** Asks whether somebody is there, and wants something. */
  beat(): void {
    this.wire.beat();
    const unused = this.channels.size === 0 && performance.now() - this.idleSince > idleMs;
    if (unused) void this.end(idle());
  }

  /** Says why to each channel and closes; resolves when everything is freed. The first reason counts. */
  async end(reason: Refusal): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'closing';
    const { member } = this.identity;
    // A channel that was closed is not joined again by itself; one whose socket was, is.
    const putOut = reason.status === 401 || reason.status === 403;
    if (!putOut) this.wire.close(reason);
    const freed = [this.closeChannels(reason), this.identity.leave()];
    this.state = 'over';
    if (putOut) this.wire.close(reason);
    this.tell({ reason, member });
    await Promise.all(freed);
  }

  private take(frame: Frame): void {
    const { topic, event } = frame;
    if (topic === 'phoenix' && event === 'heartbeat') this.wire.reply(frame, {});
    else if (event === 'phx_join') this.inTurn(frame, () => this.join(frame));
    else if (event === 'access_token') this.inTurn(frame, () => this.renew(frame));
    else if (event === 'phx_leave') this.run(frame, () => this.leave(frame));
    else if (event === 'broadcast') this.run(frame, () => this.broadcast(frame));
    else if (event === 'presence') this.run(frame, () => this.present(frame));
    else this.wire.refuse(frame, new Refusal(400, 'event_unknown', 'there is no such event'));
  }

  /** Nothing more is read until it is done. */
  private inTurn(frame: Frame, act: () => Promise<void>): void {
    this.waiting += 1;
    this.wire.holdWhile(true);
    this.turn = this.turn
      .then(() => (this.hasEnded() ? undefined : act()))
      .catch((error: unknown) => this.wire.refuse(frame, asRefusal(error)))
      .finally(() => {
        this.waiting -= 1;
        this.wire.holdWhile(this.waiting > 0);
      });
  }

  private run(frame: Frame, act: () => Promise<void>): void {
    act().catch((error: unknown) => this.wire.refuse(frame, asRefusal(error)));
  }

  private async join(frame: Frame): Promise<void> {
    const { topic, joinRef } = frame;
    const name = channelOf(topic);
    const asked = read(payloads.join, frame.payload, 'join');
    const { channels: most } = this.parts.config.sockets;
    if (!this.channels.has(topic) && this.channels.size >= most) {
      const message = `this socket has joined ${String(most)} channels: leave one`;
      throw new Refusal(429, 'channels_limited', message);
    }
    const member = await this.identity.take(asked.access_token ?? undefined);
    await this.drop(topic);
    const { version } = this.upgrade;
    const send = (data: string | Buffer): void => this.wire.send(data);
    const onGap = (): void => void this.fail(topic, channel);
    const channel: Channel = await Channel.open(
      { name, joinRef, version, asked, member, send, onGap },
      this.parts,
    );
    if (this.hasEnded()) {
      await channel.close();
      return;
    }
    this.channels.set(topic, channel);
    this.parts.metrics.joined();
    this.wire.reply(frame, { postgres_changes: answerOf(channel.bindings) });
    await channel.welcome();
  }

  private async renew(frame: Frame): Promise<void> {
    this.channelOf(frame);
    try {
      const { access_token: token } = read(payloads.accessToken, frame.payload, 'access_token');
      await this.identity.take(token);
    } catch (error) {
      // As upstream: who shows a token that does not count has left.
      await this.drop(frame.topic, asRefusal(error));
    }
  }

  private async leave(frame: Frame): Promise<void> {
    this.channelOf(frame);
    this.wire.reply(frame, {});
    await this.drop(frame.topic);
  }

  private async broadcast(frame: Frame): Promise<void> {
    const channel = this.channelOf(frame);
    this.count(channel);
    if (await channel.broadcast(frame.payload)) this.wire.reply(frame, {});
  }

  private async present(frame: Frame): Promise<void> {
    const channel = this.channelOf(frame);
    this.count(channel);
    await channel.present(frame.payload);
    this.wire.reply(frame, {});
  }

  /** All of them, whatever the message was about: none goes on by what its member could do before. */
  private async renewChannels(member: Member): Promise<void> {
    for (const [topic, channel] of this.channels) {
      const refusal = channel.renew(member);
      if (refusal) await this.drop(topic, refusal);
    }
  }

  private async closeChannels(reason: Refusal): Promise<void> {
    await Promise.all([...this.channels.keys()].map((topic) => this.drop(topic, reason)));
  }

  /** Leaves a channel, and says why when it was not the client's own wish. */
  private async drop(topic: string, reason?: Refusal): Promise<void> {
    const channel = this.channels.get(topic);
    if (!channel) return;
    this.channels.delete(topic);
    this.idleSince = performance.now();
    const { metrics } = this.parts;
    metrics.left();
    const { joinRef, place } = channel;
    if (reason) {
      const { code, message } = reason;
      metrics.refused(code);
      const payload = { extension: 'system', status: 'error', message, channel: place.name };
      this.wire.write({ joinRef, ref: null, topic, event: 'system', payload });
    }
    this.wire.write({ joinRef, ref: joinRef, topic, event: 'phx_close', payload: {} });
    await channel.close().catch(() => undefined);
  }

  /** The client joins again, and reads anew what it may have missed. */
  private async fail(topic: string, channel: Channel): Promise<void> {
    if (this.channels.get(topic) !== channel) return;
    this.channels.delete(topic);
    this.parts.metrics.left();
    const { joinRef } = channel;
    this.wire.write({ joinRef, ref: joinRef, topic, event: 'phx_error', payload: {} });
    await channel.close().catch(() => undefined);
  }

  /** The channel that a message belongs to; one of an earlier join belongs to none. Throws `Refusal` (400). */
  private channelOf({ topic, joinRef }: Frame): Channel {
    const channel = this.channels.get(topic);
    if (channel?.joinRef === joinRef) return channel;
    throw new Refusal(400, 'not_joined', 'join the channel first');
  }

  private count({ place: { tenantId } }: Channel): void {
    if (this.rate.take('socket') && this.parts.tenants.take(tenantId)) return;
    throw new Refusal(429, 'rate_limited', 'too many messages in one second: send fewer');
  }

  private hasEnded(): boolean {
    return this.state === 'over';
  }
}
