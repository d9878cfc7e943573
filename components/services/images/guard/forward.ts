import http from 'node:http';
import type { GraphqlDoor } from './config';
import { inTurn } from './in-turn';
import { Refusal } from './refusal';

/** A request that is passed on: its body was read, so it is sent as it was read. */
export interface Forwarded {
  readonly door: GraphqlDoor;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** It may change something, so it is sent once. */
  readonly writes: boolean;
  /** Aborted when the caller has left. */
  readonly signal: AbortSignal;
}

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Sends requests to the services that the configuration names, over connections that are kept; each new connection goes
 * to the next replica.
 */
export class Forwarder {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 512, lookup: inTurn() });

  /**
   * The answer, its body still to come. Throws `Refusal`: 502 when the service does not answer, 504 when it takes longer
   * than its door allows. A query whose kept connection turned out to be closed is sent once more.
   */
  async send(request: Forwarded): Promise<http.IncomingMessage> {
    try {
      return await this.attempt(request);
    } catch (error) {
      if (!(error instanceof StaleConnection) || request.writes)
        throw refusal(error, request.signal);
    }
    try {
      return await this.attempt(request);
    } catch (error) {
      throw refusal(error, request.signal);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private attempt(forwarded: Forwarded): Promise<http.IncomingMessage> {
    const { door, headers, body, signal } = forwarded;
    const timeoutMs = door.timeoutSeconds * 1000;
    return new Promise((resolve, reject) => {
      const request = http.request(door.upstream, {
        method: 'POST',
        agent: this.agent,
        headers: { ...headers, 'content-length': String(body.length) },
        signal,
      });
      const timer = setTimeout(() => request.destroy(new TooSlow()), timeoutMs);
      request.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(request.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection() : error);
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        // What comes piece by piece may be silent for as long as it likes.
        if (!isStream(response)) {
          response.setTimeout(timeoutMs, () => response.destroy(new TooSlow()));
        }
        resolve(response);
      });
      request.end(body);
    });
  }
}

/** An answer's headers without those of the connection that it came by. */
export function passedOn(response: http.IncomingMessage): Record<string, string | string[]> {
  const named = (response.headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hopByHop.has(name) && !named.includes(name)) headers[name] = value;
  }
  if (isStream(response)) headers['x-accel-buffering'] = 'no';
  return headers;
}

function isStream({ headers }: http.IncomingMessage): boolean {
  return /^(?:text\/event-stream|multipart\/mixed)\b/i.test(headers['content-type'] ?? '');
}

class TooSlow extends Error {}

class StaleConnection extends Error {}

function refusal(error: unknown, { aborted }: AbortSignal): Refusal {
  // Nobody reads this; it stands in the log.
  if (aborted) return new Refusal(499, 'client_left', 'the caller has left');
  return error instanceof TooSlow
    ? new Refusal(504, 'upstream_timeout', 'the service behind takes too long')
    : new Refusal(502, 'upstream_unavailable', 'the service behind does not answer');
}
