import type { Redis } from 'ioredis';
import { log } from '../shared/log';
import { Refusal } from '../shared/refusal';
import type { Content } from './frames';
import type { Diff } from './presence';

/** One channel of one tenant, wherever its listeners are connected. */
export interface Place {
  /** UUID. */
  readonly tenantId: string;
  /** The name of the channel. */
  readonly name: string;
}

/** What is said in a room. */
export type Said =
  | ({
      readonly kind: 'broadcast';
      /** Which listener said it; empty when it came by HTTP. */
      readonly from: string;
      readonly event: string;
      /** When, in milliseconds since 1970. */
      readonly at: number;
    } & Content)
  | { readonly kind: 'presence'; readonly diff: Diff };

/** Somebody in a room of this instance. */
export interface Listener {
  readonly hear: (said: Said) => void;
  /** Something may not have been heard. */
  readonly missed: () => void;
}

interface Room {
  readonly place: Place;
  readonly listeners: Set<Listener>;
  readonly open: Promise<unknown>;
}

/** Rooms that span all instances: what is said in one reaches its listeners everywhere, through Redis. */
export class Rooms {
  private readonly rooms = new Map<string, Room>();

  /** `subscriber` is a connection of its own: one that listens can ask nothing. */
  constructor(
    private readonly redis: Redis,
    private readonly subscriber: Redis,
  ) {
    subscriber.on('message', (channel, text) => this.heard(channel, text));
    // It has subscribed again by itself; what was said meanwhile is lost.
    subscriber.on('ready', () => {
      for (const { listeners } of this.rooms.values()) for (const one of listeners) one.missed();
    });
  }

  /** Rooms that somebody of this instance is in. */
  get places(): Place[] {
    return [...this.rooms.values()].map(({ place }) => place);
  }

  /** Resolves when everything that is said from now on is heard. Throws `Refusal` (503). */
  async enter(place: Place, listener: Listener): Promise<void> {
    const channel = channelOf(place);
    const room = this.rooms.get(channel) ?? {
      place,
      listeners: new Set(),
      open: this.subscriber.subscribe(channel),
    };
    this.rooms.set(channel, room);
    room.listeners.add(listener);
    try {
      await room.open;
    } catch {
      this.leave(place, listener);
      throw unavailable();
    }
  }

  leave(place: Place, listener: Listener): void {
    const channel = channelOf(place);
    const room = this.rooms.get(channel);
    if (!room?.listeners.delete(listener) || room.listeners.size > 0) return;
    this.rooms.delete(channel);
    this.subscriber.unsubscribe(channel).catch(() => undefined);
  }

  /** Throws `Refusal` (503) when it cannot be said now. */
  async say(place: Place, said: Said): Promise<void> {
    const text = JSON.stringify(
      'bytes' in said ? { ...said, bytes: said.bytes.toString('base64') } : said,
    );
    try {
      await this.redis.publish(channelOf(place), text);
    } catch {
      throw unavailable();
    }
  }

  private heard(channel: string, text: string): void {
    const room = this.rooms.get(channel);
    if (!room) return;
    const said = JSON.parse(text) as Said & { bytes?: string };
    const whole =
      said.bytes === undefined ? said : { ...said, bytes: Buffer.from(said.bytes, 'base64') };
    for (const listener of room.listeners) {
      try {
        listener.hear(whole);
      } catch (error) {
        log('error', (error as Error).message);
      }
    }
  }
}

/** The tenant comes first and has no colon, so no name of a channel reaches another tenant's. */
function channelOf({ tenantId, name }: Place): string {
  return `realtime:room:${tenantId}:${name}`;
}

export function unavailable(): Refusal {
  return new Refusal(503, 'redis_unavailable', 'messages cannot be passed on now: try again');
}
