import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { log } from '../shared/log';
import { Refusal } from '../shared/refusal';
import type { Metrics } from './metrics';
import { policy, sentencePage } from './pages';
import type { Middleware } from './provider';

interface App {
  readonly provider: Provider;
  /** Such as https://example.org/oauth. */
  readonly issuer: string;
  readonly metrics: Metrics;
  /** Whether people can sign in at all. */
  readonly people: boolean;
  readonly parts: readonly Middleware[];
  /** Throws when what is kept cannot be reached. */
  readonly check: () => Promise<unknown>;
}

/**
 * The program's HTTP side: everything below the issuer's path is oidc-provider's and our pages'; `/healthz` and
 * `/metrics` are for the platform alone, and no route of the gateway reaches them.
 */
export function oauthServer(app: App): Server {
  const { provider, issuer, metrics, people } = app;
  const base = new URL(issuer);
  provider.use(around(metrics));
  if (!people) provider.use(nobodySignsIn);
  for (const part of app.parts) provider.use(part);
  count(provider, metrics);
  const inner = provider.callback();

  return createServer((request, response) => {
    const { url = '/' } = request;
    if (url === '/healthz' || url === '/metrics') {
      void own(app, url, response);
      return;
    }
    if (!url.startsWith(`${base.pathname}/`)) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":{"code":"not_found","message":"there is nothing here"}}');
      return;
    }
    asTheGateway(request, base);
    // What oidc-provider finds its own place by.
    Object.assign(request, { originalUrl: url, url: url.slice(base.pathname.length) });
    void inner(request, response);
  });
}

/** The issuer's scheme and host, whatever a request says: links, cookies and redirects follow from them. */
function asTheGateway({ headers }: IncomingMessage, base: URL): void {
  headers.host = base.host;
  headers['x-forwarded-proto'] = base.protocol.slice(0, -1);
  delete headers['x-forwarded-host'];
  delete headers['x-forwarded-for'];
}

async function own(
  { metrics, check }: App,
  url: '/healthz' | '/metrics',
  response: ServerResponse,
): Promise<void> {
  if (url === '/metrics') {
    const text = await metrics.registry.metrics();
    response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
    return;
  }
  const healthy = await check().then(
    () => true,
    () => false,
  );
  response.writeHead(healthy ? 200 : 503, { 'content-type': 'text/plain' });
  response.end(healthy ? 'ok\n' : 'Redis does not answer\n');
}

/** Headers of every answer, refusals of ours in OAuth's words, and a line in the log without the query. */
function around(metrics: Metrics): Middleware {
  return async (context, next) => {
    const began = performance.now();
    context.set({
      'content-security-policy': policy(),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      // Not no-referrer: a form would not say its origin then, which is what it is let in by.
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    try {
      await next();
    } catch (error) {
      refuse(context, error);
      if (context.status >= 500) {
        logFault(error);
        metrics.refused(placeOf(context.path), 'server_error', '');
      }
    }
    log('info', 'request', {
      requestId: context.get('x-request-id').slice(0, 64),
      method: context.method,
      path: placeOf(context.path),
      status: context.status,
      milliseconds: Math.round(performance.now() - began),
    });
  };
}

/** What comes from outside oidc-provider's own routes. */
function refuse(context: Parameters<Middleware>[0], error: unknown): void {
  const [status, code, message] = wordsFor(error);
  context.status = status;
  if (error instanceof Refusal) context.set(error.headers);
  if (context.accepts('json', 'html') === 'html') {
    context.type = 'html';
    context.body = sentencePage('That did not work', message);
  } else {
    context.body = { error: code, error_description: message };
  }
}

function wordsFor(error: unknown): readonly [number, string, string] {
  if (error instanceof Refusal) return [error.status, error.code, error.message];
  if (error instanceof errors.SessionNotFound) {
    const message = 'this page is not open any more: begin again where you came from';
    return [400, 'session_not_found', message];
  }
  if (error instanceof errors.OIDCProviderError && error.statusCode < 600) {
    return [error.statusCode, error.error, error.error_description ?? ''];
  }
  return [500, 'server_error', 'the request could not be answered: try again later'];
}

const nobodySignsIn: Middleware = async (context, next) => {
  if (!/^\/(auth|interaction)(\/|$)/.test(context.path)) {
    await next();
    return;
  }
  throw new Refusal(
    501,
    'temporarily_unavailable',
    'This deployment has no auth service, so nobody can sign in here: only client credentials work.',
  );
};

/** The path without what stands for one request alone. */
function placeOf(path: string): string {
  return path.replace(/^\/(auth|interaction)\/.*/, '/$1/…').slice(0, 100);
}

/** What the caller is not told. */
function logFault(error: unknown): void {
  const { message = String(error), cause } = error as Partial<Error>;
  log('error', message, cause instanceof Error ? { cause: cause.message } : {});
}

/** What oidc-provider refuses, and its faults. */
function count(provider: Provider, metrics: Metrics): void {
  const refused = (endpoint: string) => (context: KoaContextWithOIDC, error: Error) => {
    const { client } = context.oidc;
    const reason = error instanceof errors.OIDCProviderError ? error.error : 'server_error';
    metrics.refused(endpoint, reason, client?.clientId ?? '');
    if (error instanceof errors.TemporarilyUnavailable) logFault(error);
  };
  provider.on('grant.error', refused('token'));
  provider.on('authorization.error', refused('auth'));
  provider.on('introspection.error', refused('token/introspection'));
  provider.on('revocation.error', refused('token/revocation'));
  provider.on('server_error', (context, error) => {
    logFault(error);
    metrics.refused(placeOf(context.path).slice(1), 'server_error', '');
  });
}
