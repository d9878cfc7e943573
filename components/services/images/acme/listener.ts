import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import type { Challenges } from './order';

const challengePath = '/.well-known/acme-challenge/';

interface Answers {
  readonly challenges: Challenges;
  readonly metrics: Registry;
  /** What keeps a valid certificate from being served; `undefined` when one is. */
  readonly wrong: () => Promise<string | undefined>;
}

/** Challenges, `/healthz` and `/metrics`. */
export function listener({ challenges, metrics, wrong }: Answers): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://acme');
    answer(pathname).then(
      ({ status, body, type = 'text/plain' }) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });

  async function answer(
    pathname: string,
  ): Promise<{ status: number; body: string; type?: string }> {
    if (pathname === '/healthz') {
      const reason = await wrong();
      return reason === undefined
        ? { status: 200, body: 'ok\n' }
        : { status: 503, body: `${reason}\n` };
    }
    if (pathname === '/metrics')
      return { status: 200, body: await metrics.metrics(), type: metrics.contentType };
    const found = pathname.startsWith(challengePath)
      ? challenges.get(pathname.slice(challengePath.length))
      : undefined;
    return found === undefined
      ? { status: 404, body: 'not found\n' }
      : { status: 200, body: found, type: 'application/octet-stream' };
  }
}
