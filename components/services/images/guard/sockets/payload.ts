import { Refusal } from '../refusal';

/** What a `connection_init` tells of who sends it and for whom; empty text is nothing. */
export interface Claimed {
  readonly authorization: string;
  readonly apiKey: string;
  readonly tenant: string;
}

/** Names that are read, in any case; whatever else a payload holds ends here: roles and admin secrets among it. */
const known: Readonly<Record<string, keyof Claimed>> = {
  authorization: 'authorization',
  authtoken: 'authorization',
  'x-api-key': 'apiKey',
  'x-tenant': 'tenant',
};

/**
 * Reads the payload of `connection_init`: at its top, or below `headers`, as Hasura wants it and Nhost's clients send it
 * (github.com/hasura/graphql-engine/issues/4644, read 2026-11-22). Throws `Refusal` when it says two things at once.
 */
export function claimedBy(payload: unknown): Claimed {
  const claimed: Record<keyof Claimed, string> = { authorization: '', apiKey: '', tenant: '' };
  const { headers, ...top } = objectOf(payload, 'payload');
  for (const [name, value] of [
    ...Object.entries(top),
    ...Object.entries(objectOf(headers, 'headers')),
  ]) {
    const lower = name.toLowerCase();
    const as = Object.hasOwn(known, lower) ? known[lower] : undefined;
    if (as === undefined || value === null || value === undefined || value === '') continue;
    if (typeof value !== 'string') throw invalid(`${lower} of the payload is no text`);
    const text = lower === 'authtoken' && !/^bearer /i.test(value) ? `Bearer ${value}` : value;
    if (claimed[as] !== '' && claimed[as] !== text) {
      throw new Refusal(
        401,
        'credentials_ambiguous',
        'the payload of connection_init says who you are twice, and differently',
      );
    }
    claimed[as] = text;
  }
  return claimed;
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${name} of connection_init is no object`);
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'message_invalid', message);
}
