import { Refusal } from '../shared/refusal';

/** RFC 6455 and the codes that are the application's; clients of Supabase connect again after each of them. */
const codes: Readonly<Record<string, number>> = {
  message_invalid: 4400,
  message_too_large: 1009,
  service_stops: 1001,
  internal_error: 1011,
};

/** How a refusal ends a socket; the text has at most 123 bytes. */
export function closingOf({ status, code, message }: Refusal): {
  readonly code: number;
  readonly text: string;
} {
  return {
    code: codes[code] ?? (status === 401 || status === 403 ? 4403 : 1013),
    text: message.replace(/[^ -~]/g, '?').slice(0, 123),
  };
}

export function expired(): Refusal {
  return new Refusal(401, 'token_expired', 'the access token has expired');
}

export function idle(): Refusal {
  return new Refusal(408, 'client_idle', 'no channel was joined for a minute');
}

export function stopping(): Refusal {
  return new Refusal(503, 'service_stops', 'the service restarts: connect again');
}

export function left(): Refusal {
  return new Refusal(499, 'client_left', 'the client has left');
}

export function slow(): Refusal {
  return new Refusal(503, 'client_slow', 'too much waits for the client to read it');
}

export function silent(): Refusal {
  return new Refusal(503, 'client_silent', 'the client does not answer');
}

/** What ws says of a client's frames. */
export function broken(error: Error, mostBytes: number): Refusal {
  return (error as { code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    ? new Refusal(413, 'message_too_large', `a message has at most ${String(mostBytes)} bytes`)
    : new Refusal(400, 'message_invalid', 'what came is no WebSocket message');
}

/** What nobody expected ends a socket too. */
export function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal
    ? error
    : new Refusal(500, 'internal_error', 'the message could not be served');
}
