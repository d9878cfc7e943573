import type { IncomingMessage } from 'node:http';

/** Who asks, as the gateway says: the only one that reaches this program. */
export function addressOf(request: IncomingMessage): string {
  const { 'x-real-ip': said } = request.headers;
  return typeof said === 'string' ? said : (request.socket.remoteAddress ?? '');
}
