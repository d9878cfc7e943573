import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { DatabaseError } from 'pg';
import { TokenError, type TokenRules } from '../shared/token';
import { log } from '../shared/log';
import type { Metrics } from './metrics';
import { ownRoutes } from './own-routes';
import { openRoutes } from './open-routes';
import { Refusal } from '../shared/refusal';
import type { Rules } from './rules';
import type { Storage } from './upload';

export interface Parts extends Storage {
  readonly rules: Rules;
  readonly tokens: TokenRules;
  /** Signs links. */
  readonly linkKey: Uint8Array;
  readonly metrics: Metrics;
}

/** What the log says of a request besides what everybody sees. */
declare module 'fastify' {
  interface FastifyRequest {
    tenant?: string;
    user?: string;
  }
}

/**
 * The service's HTTP side. Below `/storage/` and `/cdn/` is what the gateway passes on; `/healthz` and `/metrics` are
 * for the platform alone, and no route of the gateway reaches them.
 */
export function app(parts: Parts): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: false,
    requestIdHeader: 'x-request-id',
    // An upload takes as long as its rules say; a connection on which nothing moves is closed.
    requestTimeout: (parts.rules.uploadSeconds + 60) * 1000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100, caseSensitive: true },
  });

  server.setErrorHandler((error, request, reply) => refuse(parts.metrics, error, request, reply));
  server.setNotFoundHandler((request, reply) =>
    refuse(parts.metrics, new Refusal(404, 'not_found', 'there is nothing here'), request, reply),
  );
  server.addHook('onResponse', (request, reply, done) => {
    record(parts.metrics, request, reply);
    done();
  });

  server.get('/healthz', async (_request, reply) => {
    await parts.database.asService((sql) => sql.query('select 1'));
    await parts.store.check();
    return reply.type('text/plain').send('ok\n');
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type(parts.metrics.registry.contentType).send(await parts.metrics.registry.metrics()),
  );
  void server.register(ownRoutes(parts), { prefix: '/storage' });
  void server.register(openRoutes(parts));
  return server;
}

/** Whatever went wrong, as status and JSON; what is not the caller's business is logged instead of said. */
function refuse(
  metrics: Metrics,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, code, message, headers } = asRefusal(error);
  metrics.refused(code);
  if (status >= 500) log('error', messageOf(error), { requestId: request.id, code });
  // The rest of a refused upload is not read to its end.
  const rest = request.raw.complete ? {} : { connection: 'close' };
  return reply
    .code(status)
    .headers({ ...headers, ...rest, 'cache-control': 'no-store' })
    .type('application/json')
    .send({ error: { code, message } });
}

const limits: Readonly<Record<string, string>> = {
  file_bytes: 'a file may not have so many bytes',
  tenant_bytes: 'the tenant keeps as many bytes as it may',
  tenant_files: 'the tenant keeps as many files as it may',
  user_bytes: 'you keep as many bytes as one member may',
  user_files: 'you keep as many files as one member may',
};

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof TokenError) {
    return new Refusal(401, error.code, error.message, { 'www-authenticate': 'Bearer' });
  }
  if (error instanceof DatabaseError) {
    const limit = limits[error.constraint ?? ''];
    if (error.code === '53400' && limit !== undefined) {
      return new Refusal(413, 'quota_exceeded', `${limit}: delete some, or ask for more`);
    }
    // A member who has left the tenant while the token still lives.
    if (error.code === '42501' || error.code === '23503') {
      return new Refusal(403, 'not_allowed', 'you may not do this in this tenant');
    }
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Refusal(statusCode, 'request_invalid', messageOf(error));
  }
  return new Refusal(503, 'storage_unavailable', 'this cannot be done right now: try again later');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One line for each request, without the query: it may hold a link's signature. */
function record(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.answered(route, request.method, reply.statusCode, reply.elapsedTime / 1000);
  if (route === '/healthz' || route === '/metrics') return;
  log('info', 'request', {
    requestId: request.id,
    tenant: request.tenant,
    user: request.user,
    method: request.method,
    path: request.url.split('?', 1)[0],
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime),
    bytes: Number(reply.getHeader('content-length') ?? 0),
  });
}
