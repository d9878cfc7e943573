import { z } from 'zod';
import { readJson } from '../body';
import { graphqlError } from '../graphql';
import { Refusal } from '../refusal';

/** The protocol that is spoken, as its name is on the wire. */
export const protocol = 'graphql-transport-ws';

const id = z.string().min(1).max(128);

const fromClient = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('connection_init'), payload: z.unknown().optional() }),
  z.strictObject({ type: z.literal('subscribe'), id, payload: z.unknown().optional() }),
  z.strictObject({ type: z.literal('complete'), id }),
  z.strictObject({ type: z.enum(['ping', 'pong']), payload: z.unknown().optional() }),
]);

export type ClientMessage = z.output<typeof fromClient>;

const fromService = z.object({ type: z.string(), id: z.string().optional() });

export type ServiceMessage = z.output<typeof fromService>;

/** A message of a client, of the kinds that clients may send and with nothing more in it. Throws `Refusal` (400). */
export function readClient(bytes: Buffer): ClientMessage {
  const { success, data } = fromClient.safeParse(readValue(bytes));
  if (success) return data;
  throw invalid('send connection_init, subscribe, complete, ping or pong, with what they have');
}

/** A message of a service behind, as far as the guard looks at it. Throws what `JSON.parse` throws, or `ZodError`. */
export function readService(bytes: Buffer): ServiceMessage {
  return fromService.parse(JSON.parse(bytes.toString()));
}

export function invalid(message: string): Refusal {
  return new Refusal(400, 'message_invalid', message);
}

/** The end of one operation that was refused. */
export function errorOf(operation: string, refusal: Refusal): string {
  return JSON.stringify({ id: operation, type: 'error', payload: [graphqlError(refusal)] });
}

function readValue(bytes: Buffer): unknown {
  try {
    return readJson(bytes);
  } catch (error) {
    if (error instanceof Refusal) throw invalid(error.message.replace('the body', 'the message'));
    throw error;
  }
}
