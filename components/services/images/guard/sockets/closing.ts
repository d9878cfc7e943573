import { Refusal, type Reason } from '../refusal';

/** What a browser tells a page of why its socket ended. */
export interface Closing {
  readonly code: number;
  /** At most 123 bytes. */
  readonly text: string;
}

/**
 * Codes of the protocol (graphql-ws' PROTOCOL.md, read 2026-11-22) and of RFC 6455. Its client connects again after 1001,
 * 1012, 1013, 4403 and 4408, asking anew for a token; after the others it gives up.
 */
const codes: Partial<Record<Reason, number>> = {
  guard_stops: 1001,
  message_too_large: 1009,
  result_too_large: 1009,
  internal_error: 1011,
  upstream_ended: 1012,
  init_first: 4401,
  protocol_unsupported: 4406,
  init_missing: 4408,
  operation_repeated: 4409,
  init_repeated: 4429,
};

/** How a refusal ends a socket. */
export function closingOf({ status, reason, message }: Refusal): Closing {
  const text = reason === 'token_expired' ? 'token expired' : message;
  return {
    code: codes[reason] ?? codeOf(status),
    text: text.replace(/[^ -~]/g, '?').slice(0, 123),
  };
}

function codeOf(status: number): number {
  if (status === 401 || status === 403) return 4403;
  return status === 400 ? 4400 : 1013;
}

export function initMissing(): Refusal {
  return new Refusal(408, 'init_missing', 'connection_init did not come in time');
}

export function expired(): Refusal {
  return new Refusal(401, 'token_expired', 'the access token has expired');
}

export function unsupported(protocol: string): Refusal {
  return new Refusal(
    400,
    'protocol_unsupported',
    `speak ${protocol}: graphql-ws, of subscriptions-transport-ws, is not served here`,
  );
}

export function tooMany(most: number): Refusal {
  return new Refusal(
    429,
    'operations_limited',
    `${String(most)} operations run over this socket, and more are not allowed: end one first`,
  );
}

/** The guard itself ends. */
export function stopping(): Refusal {
  return new Refusal(503, 'guard_stops', 'the guard restarts: connect again');
}

/** The service behind has ended its connection by this code; 0 when it broke the protocol or fell silent. */
export function serviceEnded(code = 0): Refusal {
  return code === 4401 || code === 4403
    ? new Refusal(403, 'upstream_refused', 'the service behind does not take this token')
    : new Refusal(502, 'upstream_ended', 'the service behind has left: connect again');
}

/** What ws says of a client's frames. */
export function clientBroken(error: Error, mostBytes: number): Refusal {
  return isTooLarge(error)
    ? new Refusal(413, 'message_too_large', `a message has at most ${String(mostBytes)} bytes`)
    : new Refusal(400, 'message_invalid', 'what came is no WebSocket message');
}

export function serviceBroken(error: Error): Refusal {
  return isTooLarge(error)
    ? new Refusal(502, 'result_too_large', 'a result is larger than is allowed')
    : serviceEnded();
}

/** What nobody expected ends a socket too. */
export function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal
    ? error
    : new Refusal(500, 'internal_error', 'the socket could not be served');
}

function isTooLarge(error: Error): boolean {
  return (error as { code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}
