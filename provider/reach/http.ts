import http from 'node:http';
import { parseSshHost, SshStream } from './ssh';

export interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * Posts to an HTTP service of a deployment. The URL's `reach=ssh://user@host` leads through ssh to that host, from which the
 * URL's own host and port are reached; no port is opened here, and the query is not sent.
 */
export function post(url: URL, { headers, body, signal }: Asked): Promise<http.IncomingMessage> {
  const { hostname, port, pathname } = url;
  const host = url.searchParams.get('reach');
  const target = host === null ? undefined : parseSshHost(host);
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        method: 'POST',
        hostname,
        port: port || '80',
        path: pathname,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        signal,
        // Node asks an agent for connections where there is one; one that is kept would be in nobody's hands.
        ...(target
          ? {
              createConnection: () =>
                new SshStream(target, { forward: `${hostname}:${port || '80'}` }),
            }
          : { agent: false }),
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
}
