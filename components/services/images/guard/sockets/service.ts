import { WebSocket } from 'ws';
import type { GraphqlDoor } from '../config';
import { inTurn } from '../in-turn';
import { Refusal } from '../refusal';
import { serviceEnded } from './closing';
import { protocol, readService } from './messages';

interface Options {
  readonly headers: Readonly<Record<string, string>>;
  /** The token that was admitted: all that the service is told of the client's `connection_init`. */
  readonly authorization: string;
  /** The largest message that is read. */
  readonly maxBytes: number;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** How long a service may take to take a connection. */
const patienceMs = 5_000;

const lookup = inTurn();

/**
 * A connection to the service behind a door that it has acknowledged. It gets the token as Hasura wants it
 * (`{ headers: { Authorization } }`), and so does ours. Throws `Refusal`: 403 when it does not take the token, 502 and 504.
 */
export function connect(
  door: GraphqlDoor,
  { headers, authorization, maxBytes, signal }: Options,
): Promise<WebSocket> {
  const socket = new WebSocket(door.upstream.replace(/^http/, 'ws'), protocol, {
    headers,
    maxPayload: maxBytes,
    perMessageDeflate: false,
    handshakeTimeout: patienceMs,
    lookup,
  });
  return new Promise((resolve, reject) => {
    const fail = (refusal: Refusal): void => {
      clearTimeout(timer);
      socket.terminate();
      reject(refusal);
    };
    const timer = setTimeout(() => {
      fail(new Refusal(504, 'upstream_timeout', 'the service behind takes too long'));
    }, patienceMs);
    signal.addEventListener('abort', () => fail(unavailable()), { once: true });
    socket.on('error', () => fail(unavailable()));
    socket.on('close', (code) => fail(code === 1006 ? unavailable() : serviceEnded(code)));
    socket.on('open', () => {
      const payload = { headers: { Authorization: authorization } };
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
    });
    socket.on('message', (data) => {
      if (!acknowledges(data as Buffer)) return;
      clearTimeout(timer);
      socket.removeAllListeners('message');
      resolve(socket);
    });
  });
}

function acknowledges(data: Buffer): boolean {
  try {
    return readService(data).type === 'connection_ack';
  } catch {
    return false;
  }
}

function unavailable(): Refusal {
  return new Refusal(502, 'upstream_unavailable', 'the service behind does not answer');
}
