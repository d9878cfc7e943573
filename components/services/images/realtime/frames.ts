import { z } from 'zod';
import { Refusal } from '../shared/refusal';

/** What stands in one message of a socket, in either version of the protocol. */
export interface Frame {
  /** By which join of its topic it belongs there. */
  readonly joinRef: string | null;
  /** What its answer refers to. */
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

/** 1.0.0: objects; 2.0.0: arrays, and broadcasts of clients as bytes. */
export const versions = ['1.0.0', '2.0.0'] as const;

export type Version = (typeof versions)[number];

/** What a broadcast carries: a value of JSON, or bytes as they came. */
export type Content = { readonly payload: unknown } | { readonly bytes: Buffer };

const ref = z.string().max(64).nullish();
const text = z.string().min(1).max(255);

const asObject = z.object({
  topic: text,
  event: text,
  payload: z.unknown().optional(),
  ref,
  join_ref: ref,
});
const asArray = z.tuple([ref, ref, text, text, z.unknown()]);

/** Kinds of messages in bytes (realtime-js 2.119.1, src/lib/serializer.ts, read 2026-11-22). */
const kinds = { push: 3, broadcast: 4 } as const;

const encodings = { bytes: 0, json: 1 } as const;

/** Reads a client's message. Throws `Refusal` (400). */
export function readFrame(data: Buffer, binary: boolean, version: Version): Frame {
  if (binary) {
    if (version === '2.0.0') return readPush(data);
    throw invalid('messages of version 1.0.0 are text');
  }
  const value = parse(data);
  if (version === '1.0.0') {
    const read = asObject.safeParse(value);
    if (!read.success) throw invalid('send {topic, event, payload, ref, join_ref}');
    const { join_ref: joinRef = null, ref: given = null, topic, event, payload } = read.data;
    return { joinRef, ref: given, topic, event, payload };
  }
  const read = asArray.safeParse(value);
  if (!read.success) throw invalid('send [join_ref, ref, topic, event, payload]');
  const [joinRef = null, given = null, topic, event, payload] = read.data;
  return { joinRef, ref: given, topic, event, payload };
}

/** A message to a client, as text. */
export function writeFrame(
  { joinRef, ref, topic, event, payload }: Frame,
  version: Version,
): string {
  return JSON.stringify(
    version === '1.0.0'
      ? { join_ref: joinRef, ref, topic, event, payload }
      : [joinRef, ref, topic, event, payload],
  );
}

/** A broadcast of bytes to a client of version 2.0.0. */
export function writeBytes(topic: string, event: string, bytes: Buffer): Buffer {
  const [topicBytes, eventBytes] = [Buffer.from(topic), Buffer.from(event)];
  const head = [kinds.broadcast, topicBytes.length, eventBytes.length, 0, encodings.bytes];
  return Buffer.concat([Buffer.from(head), topicBytes, eventBytes, bytes]);
}

/**
 * A client's broadcast in bytes: kind, five lengths (join_ref, ref, topic, event, what belongs to it), the encoding, then
 * those texts and the content.
 */
function readPush(data: Buffer): Frame {
  const [kind, ...sizes] = data.subarray(0, 6);
  const encoding = data[6];
  if (kind !== kinds.push || sizes.length !== 5 || encoding === undefined) {
    throw invalid('of messages in bytes, broadcasts are read alone');
  }
  let at = 7;
  const texts = sizes.map((size) => utf8(data.subarray(at, (at += size))));
  if (at > data.length) throw invalid('a message in bytes is shorter than it says');
  const [joinRef = '', given = '', topic = '', event = ''] = texts;
  if (topic === '' || event === '') throw invalid('a broadcast has a topic and an event');
  const rest = data.subarray(at);
  const content: Content =
    encoding === encodings.json ? { payload: parse(rest) } : { bytes: Buffer.from(rest) };
  const payload = { type: 'broadcast', event, ...content };
  return { joinRef: joinRef || null, ref: given || null, topic, event: 'broadcast', payload };
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(utf8(data));
  } catch (error) {
    throw error instanceof Refusal ? error : invalid('a message is no JSON');
  }
}

function utf8(data: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw invalid('a message is not UTF-8');
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'message_invalid', message);
}
