import fastify, { type FastifyInstance } from 'fastify';
import { log } from '../../components/services/images/shared/log';
import { Refusal } from '../../components/services/images/shared/refusal';
import type { Deployments } from './deployments';
import { distrust, rememberMs } from './signature';

/** What the listener does it with; tests give their own. */
interface ListenerOptions {
  readonly key: Buffer;
  readonly deployments: Pick<Deployments, 'take'>;
  readonly now?: () => number;
  readonly log?: typeof log;
}

/** Calls hold little or nothing: what is deployed is what this machine has. */
const mostBytes = 64 * 1024;

/** A caller with the key can fill the memory of ids no further than this within the time that they are kept. */
const mostIds = 10_000;

/**
 * `POST /deploy`, signed as Standard Webhooks say: answers 202 at once with `{ state }` (`started`, `waiting`, `joined`).
 * 401 for a signature that does not fit or is too old, 409 for an id that was used, 413 above 64 kB, 429 when too many ids
 * are remembered. `GET /healthz` answers 200. Every answer but that one is a line in the log.
 */
export function listener({
  key,
  deployments,
  now = Date.now,
  log: say = log,
}: ListenerOptions): FastifyInstance {
  const since = now();
  const used = new Map<string, number>();
  const app = fastify({ bodyLimit: mostBytes, requestTimeout: 10_000, logger: false });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });

  app.get('/healthz', () => ({ status: 'ok' }));

  app.post('/deploy', async (request, reply) => {
    const header = (name: string): string => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : '';
    };
    const id = header('webhook-id');
    const signed = {
      id,
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
    };
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const reason = distrust(key, signed, body, { now: now(), since });
    if (reason !== undefined) throw new Refusal(401, 'not_signed', `Refused: ${reason}.`);
    for (const [known, at] of used) {
      if (now() - at <= rememberMs) break;
      used.delete(known);
    }
    if (used.has(id))
      throw new Refusal(409, 'replayed', 'Refused: this webhook-id was used before.');
    if (used.size >= mostIds) throw new Refusal(429, 'too_many', 'Refused: too many calls.');
    used.set(id, now());
    const state = deployments.take();
    say('info', 'a call was taken', { id, state, from: request.ip });
    return reply.status(202).send({ state });
  });

  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({ error: 'not_found', message: 'Calls are: POST /deploy.' }),
  );
  app.setErrorHandler((error, request, reply) => {
    const refusal = error instanceof Refusal ? error : ofFastify(error as { statusCode?: number });
    say('warn', 'a call was refused', {
      code: refusal.code,
      reason: refusal.message,
      from: request.ip,
    });
    return reply.status(refusal.status).send({ error: refusal.code, message: refusal.message });
  });
  return app;
}

function ofFastify({ statusCode = 500 }: { statusCode?: number }): Refusal {
  if (statusCode === 413)
    return new Refusal(413, 'too_large', `Refused: more than ${mostBytes} bytes.`);
  if (statusCode < 500)
    return new Refusal(statusCode, 'bad_request', 'Refused: this is no request.');
  return new Refusal(500, 'internal_error', 'It failed by a mistake of the listener.');
}
