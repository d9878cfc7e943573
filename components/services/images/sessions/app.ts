import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import { contract } from './contract';
import { pass } from './pass';
import type { Outcome, Parts } from './parts';
import { mostBytes } from './upstream';

interface Surroundings {
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Below `/auth/` is what the gateway passes on; `/healthz` and `/metrics` are for the platform alone. */
export function sessionsApp(parts: Parts & Surroundings): FastifyInstance {
  const { metrics, log } = parts;
  const app = fastify({
    bodyLimit: mostBytes,
    requestTimeout: 30_000,
    // Longer than nginx keeps its connections (60 s), so that none is closed under a request.
    keepAliveTimeout: 75_000,
    exposeHeadRoutes: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error);
    if (refusal.code === 'internal_error') log({ level: 'error', message: String(error) });
    if (refusal.code === 'upstream_token_invalid') metrics.upstreamFailed('token');
    metrics.refused(refusal.code);
    void refuse(reply, refusal);
  });
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'not_found', 'there is nothing here');
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route = 'none' } = request.routeOptions;
    // A path of the upstream may hold an id or an address, so it is not written down.
    if (route.startsWith('/auth/')) {
      log({
        level: 'info',
        request: request.headers['x-request-id'],
        method: request.method,
        route,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      });
    }
    done();
  });

  for (const [name, answering] of Object.entries(contract)) {
    const [method = '', path = ''] = name.split(' ');
    app.route({
      method,
      url: `/auth/${path}`,
      handler: async (request, reply) => answer(reply, await answering(request, parts)),
    });
  }
  app.all('/auth/*', async (request: FastifyRequest, reply: FastifyReply) =>
    answer(reply, await pass(request, parts)),
  );
  app.get('/healthz', async (_request, reply) => {
    await parts.people.ping();
    return reply.type('text/plain').send('ok\n');
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return app;
}

function answer(
  reply: FastifyReply,
  { status, headers = {}, cookies, body }: Outcome,
): FastifyReply {
  const text = Buffer.isBuffer(body) || typeof body === 'string';
  if (!text) void reply.type('application/json');
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store' })
    .headers(cookies && cookies.length > 0 ? { 'set-cookie': [...cookies] } : {})
    .send(text ? body : JSON.stringify(body));
}

function refuse(reply: FastifyReply, { status, code, message, headers }: Refusal): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store' })
    .type('application/json')
    .send({ error: { code, message } });
}

/** What nobody expected closes the door too. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode = 500 } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Refusal(413, 'body_too_large', 'the body is larger than 1 MB');
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new Refusal(400, 'request_invalid', 'the request cannot be read');
  }
  return new Refusal(500, 'internal_error', 'the request could not be answered');
}
