import { randomUUID } from 'node:crypto';
import type { Member } from './admission';
import { dataOf, wantedBy, type Binding } from './bindings';
import { asRefusal } from './closing';
import type { RealtimeConfig } from './config';
import { writeBytes, writeFrame, type Content, type Frame, type Version } from './frames';
import { payloads, read, topicOf, type JoinPayload } from './messages';
import type { Metrics } from './metrics';
import { announce, stateOf, type Lease, type Presence, type Present } from './presence';
import { Refusal } from '../shared/refusal';
import { rightsIn, type Rights } from './rules';
import type { Listener, Place, Rooms, Said } from './rooms';
import type { Subscriber, Subscriptions } from './subscriptions';

export interface ChannelParts {
  readonly subscriptions: Subscriptions;
  readonly config: RealtimeConfig;
  readonly rooms: Rooms;
  readonly presence: Presence;
  readonly metrics: Metrics;
}

interface Options {
  readonly name: string;
  readonly joinRef: string | null;
  readonly version: Version;
  readonly asked: JoinPayload;
  readonly member: Member;
  /** To the client. */
  readonly send: (data: string | Buffer) => void;
  /** Changes may have been missed: the channel ends, and the client joins again. */
  readonly onGap: () => void;
}

/** The same text for all listeners of one version. */
const written = new WeakMap<Said, Map<Version, string>>();

/** One socket's membership of one channel of its tenant. */
export class Channel implements Listener, Subscriber {
  readonly place: Place;
  readonly joinRef: string | null;
  /** What this one says of who is there, while it does. */
  lease: Lease | undefined;
  private readonly id = randomUUID();
  /** Whose it is; by each newer token anew. */
  session: Member;
  private rights: Rights;

  private constructor(
    private readonly options: Options,
    private readonly parts: ChannelParts,
    readonly bindings: readonly Binding[],
  ) {
    const { name, member, joinRef } = options;
    this.place = { tenantId: member.tenantId, name };
    this.joinRef = joinRef;
    this.session = member;
    this.rights = this.rightsOf(member);
  }

  /**
   * One that hears from now on. Throws `Refusal`: 403 when the declaration lets this member hear and say nothing there,
   * 400 for changes that are not told, 409 for those of rows elsewhere, 503.
   */
  static async open(options: Options, parts: ChannelParts): Promise<Channel> {
    const { asked, member } = options;
    const wishes = asked.config?.postgres_changes ?? [];
    if (wishes.length > 0) requireReading(member);
    const { bindings: most } = parts.config.sockets;
    if (wishes.length > most) {
      const message = `a channel has at most ${String(most)} bindings`;
      throw new Refusal(400, 'bindings_limited', message);
    }
    const bindings = await parts.subscriptions.bindings(member, wishes);
    const channel = new Channel(options, parts, bindings);
    if (channel.rights.listen) await parts.rooms.enter(channel.place, channel);
    if (bindings.length > 0) parts.subscriptions.add(channel);
    return channel;
  }

  /** Tells what the client hears, and who is there, once it knows that it has joined. */
  async welcome(): Promise<void> {
    if (this.bindings.length > 0) {
      const [extension, message] = ['postgres_changes', 'Subscribed to PostgreSQL'];
      this.push('system', { extension, status: 'ok', message, channel: this.place.name });
    }
    if (!this.watches) return;
    const { gone, there } = await this.parts.presence.look(this.place);
    this.push('presence_state', stateOf(there));
    await this.announce({ leaves: gone });
  }

  /** Hears no more. */
  async close(): Promise<void> {
    this.parts.subscriptions.remove(this);
    this.parts.rooms.leave(this.place, this);
    await this.untrack();
  }

  /** By a newer token of the same member; answers with why it can hear and say nothing any more, if so. */
  renew(member: Member): Refusal | undefined {
    try {
      if (this.bindings.length > 0) requireReading(member);
      this.rights = this.rightsOf(member);
      this.session = member;
      return undefined;
    } catch (error) {
      return asRefusal(error);
    }
  }

  hear(said: Said): void {
    if (!this.rights.listen) return;
    if (said.kind === 'presence') {
      if (this.watches) this.push('presence_diff', said.diff);
      return;
    }
    const { asked, version, send } = this.options;
    if (said.from === this.id && asked.config?.broadcast?.self !== true) return;
    const data = broadcastOf(said, topicOf(this.place.name), version);
    if (data === undefined) return;
    send(data);
    this.parts.metrics.delivered('broadcast', said.at);
  }

  tell: Subscriber['tell'] = (change, row, columns) => {
    const ids = wantedBy(this.bindings, change, row);
    if (ids.length === 0) return;
    this.push('postgres_changes', { ids, data: dataOf(change, row, columns) });
    this.parts.metrics.delivered('changes', Date.parse(change.at));
  };

  gap: Subscriber['gap'] = () => this.options.onGap();

  missed(): void {
    // Who comes and goes is heard in differences; what is said is not kept by anybody.
    this.welcome().catch(() => undefined);
  }

  /** Answers whether the client wants to know that it was passed on. Throws `Refusal`. */
  async broadcast(payload: unknown): Promise<boolean> {
    const { event, ...said } = read(payloads.broadcast, payload, 'broadcast');
    this.requireSending();
    const { bytes } = said;
    const content: Content = bytes ? { bytes } : { payload: said.payload };
    const broadcast: Said = { kind: 'broadcast', from: this.id, event, at: Date.now(), ...content };
    await this.parts.rooms.say(this.place, broadcast);
    return this.options.asked.config?.broadcast?.ack === true;
  }

  /** Throws `Refusal`. */
  async present(payload: unknown): Promise<void> {
    const message = read(payloads.presence, payload, 'presence');
    this.requireSending();
    if (message.event === 'untrack') {
      await this.untrack();
      return;
    }
    const present: Present = {
      key: this.key,
      ref: randomUUID(),
      says: message.payload ?? {},
    };
    const lease = { place: this.place, id: this.id, present };
    const before = await this.parts.presence.track(lease);
    this.lease = lease;
    await this.announce({ joins: [present], leaves: before ? [before] : [] });
  }

  private async untrack(): Promise<void> {
    const { lease } = this;
    if (!lease) return;
    this.lease = undefined;
    const before = await this.parts.presence.untrack(lease);
    await this.announce({ leaves: before ? [before] : [] });
  }

  /** The client chooses it; the empty text is none. */
  private get key(): string {
    const key = this.options.asked.config?.presence?.key ?? '';
    return key === '' ? this.id : key;
  }

  private get watches(): boolean {
    return this.rights.listen && this.options.asked.config?.presence?.enabled === true;
  }

  private async announce(who: Parameters<typeof announce>[1]): Promise<void> {
    await announce(this.place, who, this.parts.rooms);
  }

  private push(event: string, payload: unknown): void {
    const { name, version, send } = this.options;
    const frame: Frame = { joinRef: this.joinRef, ref: null, topic: topicOf(name), event, payload };
    send(writeFrame(frame, version));
  }

  private rightsOf(member: Member): Rights {
    const { name } = this.options;
    const rights = rightsIn(this.parts.config.channels, name, member);
    if (rights.listen || rights.send || this.bindings.length > 0) return rights;
    throw new Refusal(
      403,
      'channel_refused',
      `the channel "${name}" is not open to you: the application's declaration of tenancy says which are`,
    );
  }

  private requireSending(): void {
    if (this.rights.send) return;
    throw new Refusal(403, 'sending_refused', `you may not say anything in "${this.place.name}"`);
  }
}

/** Throws `Refusal` (403): changes are rows, whatever channel they come by. */
function requireReading(member: Member): void {
  if (member.may('graphql', 'read')) return;
  throw new Refusal(403, 'scope_missing', 'this API key does not open graphql:read');
}

/** Undefined where a client could not read it. */
function broadcastOf(
  said: Said & { kind: 'broadcast' },
  topic: string,
  version: Version,
): string | Buffer | undefined {
  const { event } = said;
  if ('bytes' in said) {
    return version === '2.0.0' ? writeBytes(topic, event, said.bytes) : undefined;
  }
  const texts = written.get(said) ?? new Map<Version, string>();
  written.set(said, texts);
  const payload = { type: 'broadcast', event, payload: said.payload };
  const frame = { joinRef: null, ref: null, topic, event: 'broadcast', payload };
  const text = texts.get(version) ?? writeFrame(frame, version);
  texts.set(version, text);
  return text;
}
