import http from 'node:http';
import { parseReach } from './reach';

export interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * Posts to an HTTP service of a deployment. The URL's `reach` (`parseReach`) leads to where the URL's own host and port are
 * reached from; it is not sent.
 */
export async function post(
  url: URL,
  { headers, body, signal }: Asked,
): Promise<http.IncomingMessage> {
  const { hostname, pathname } = url;
  const port = url.port || '80';
  const reach = url.searchParams.get('reach');
  const createConnection = reach === null ? undefined : await parseReach(reach).to(hostname, port);
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        method: 'POST',
        hostname,
        port,
        path: pathname,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        signal,
        // Node asks an agent for connections where there is one; one that is kept would be in nobody's hands.
        ...(createConnection ? { createConnection } : { agent: false }),
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
}
