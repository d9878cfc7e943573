import fastify, { type FastifyInstance } from 'fastify';
import { log } from '../shared/log';
import { Refusal } from '../shared/refusal';
import { broadcastApi } from './api';
import type { Metrics } from './metrics';

interface Parts {
  readonly api: Parameters<typeof broadcastApi>[2];
  readonly metrics: Metrics;
  /** Whether everything answers that sockets need. */
  readonly healthy: () => Promise<boolean>;
}

/** Below which everything is. */
export const base = '/realtime';

/** What is asked by HTTP: broadcasts, `/healthz`, `/metrics`. */
export function realtimeApp({ api, metrics, healthy }: Parts): FastifyInstance {
  const app = fastify({
    bodyLimit: api.config.messages.maxBytes,
    requestTimeout: 30_000,
    // Longer than nginx keeps its connections (60 s).
    keepAliveTimeout: 75_000,
    exposeHeadRoutes: false,
  });
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  app.setErrorHandler((error, _request, reply) => {
    const { status, code, message, headers } = asRefusal(error);
    metrics.refused(code);
    // Upstream's client reads "error"; everything else here "code" and "message".
    void reply.code(status).headers(headers).send({ error: message, code, message });
  });
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'not_found', 'there is nothing here');
  });
  broadcastApi(app, `${base}/api`, api);
  app.get('/healthz', async (_request, reply) =>
    (await healthy()) ? reply.send('ok\n') : reply.code(503).send('something does not answer\n'),
  );
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return app;
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode >= 400 && statusCode < 500) {
    return new Refusal(statusCode, 'request_invalid', 'the request cannot be read');
  }
  log('error', message);
  return new Refusal(500, 'internal_error', 'the request could not be served');
}
