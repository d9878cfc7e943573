import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { admitAnonymous, anonymousToken } from './anonymous';
import { askedBy, header } from './asked';
import { check, refuseCheck } from './check';
import type { GuardConfig } from './config';
import { decide, stillLetIn, type DecideParts, type Granted } from './decide';
import type { Forwarder } from './forward';
import { graphql, refuseGraphql, requireJson } from './graphql';
import type { DoorName, Metrics } from './metrics';
import { Refusal, type Reason } from './refusal';
import { refuseSession, told } from './session';

export interface Parts extends DecideParts {
  readonly config: GuardConfig;
  readonly forwarder: Forwarder;
  readonly metrics: Metrics;
  /** Whether Redis and the database answer. */
  readonly healthy: () => Promise<boolean>;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

type Refuse = (reply: FastifyReply, refusal: Refusal) => FastifyReply;

/** What is known of a request, let through or not. */
interface Note {
  granted?: Granted;
  /** The token for the service, of a request that nobody is known to have sent. */
  anonymous?: string | undefined;
  tenant: string;
  user: string;
  reason?: Reason;
}

const notes = new WeakMap<FastifyRequest, Note>();

/** The guard's doors: `/check` for nginx, `/session/` for services that keep connections, the GraphQL paths, `/healthz`, `/metrics`. Nothing else is served. */
export function guardApp(parts: Parts): FastifyInstance {
  const { config, metrics } = parts;
  const app = fastify({
    bodyLimit: config.query.maxBodyBytes,
    // nginx hands over whole requests; what is slower came from elsewhere.
    requestTimeout: 30_000,
    // Longer than nginx keeps its connections (60 s), so that the guard never closes one under a request.
    keepAliveTimeout: 75_000,
    exposeHeadRoutes: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  answersFor(app, refuseCheck, parts);
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'not_found', 'there is nothing here');
  });

  app.register((scope, _options, done) => {
    guarded(scope, 'check', parts);
    scope.get('/check', (request, reply) => {
      const { anonymous } = noteOf(request);
      return anonymous === undefined
        ? check(request, reply, grantedTo(request), config)
        : admitAnonymous(reply, anonymous);
    });
    done();
  });
  app.register((scope, _options, done) => {
    guarded(scope, 'graphql', parts);
    answersFor(scope, refuseGraphql, parts);
    scope.addHook('onRequest', (request, _reply, next) => {
      requireJson(request);
      next();
    });
    for (const door of config.graphql) {
      scope.all(door.path, (request, reply) =>
        graphql(request, reply, { door, granted: grantedTo(request) }, parts),
      );
    }
    done();
  });
  app.register((scope, _options, done) => {
    guarded(scope, 'session', parts);
    answersFor(scope, refuseSession, parts);
    scope.get('/session/admit', (request) => told(grantedTo(request)));
    done();
  });
  app.register((scope, _options, done) => {
    answersFor(scope, refuseSession, parts);
    scope.get('/session/still', async (request) => told(await stillLetIn(askedBy(request), parts)));
    done();
  });
  app.get('/healthz', async (_request, reply) =>
    (await parts.healthy())
      ? reply.send('ok\n')
      : reply.code(503).send('redis or the database does not answer\n'),
  );
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return app;
}

/** Every request of the scope is decided on before anything of its body is read, and noted when it is answered. */
function guarded(scope: FastifyInstance, door: DoorName, parts: Parts): void {
  scope.addHook('onRequest', async (request) => {
    const note = noteOf(request);
    const asked = askedBy(request);
    if (door === 'check') {
      const { authenticator, config } = parts;
      note.anonymous = await anonymousToken(request, asked, {
        authenticator,
        routes: config.routes,
      });
      if (note.anonymous !== undefined) return;
    }
    note.granted = await decide(asked, parts, (slug, userId) => {
      note.tenant = slug;
      note.user = userId;
    });
  });
  scope.addHook('onResponse', (request, reply, done) => {
    const { tenant, reason } = noteOf(request);
    const seconds = reply.elapsedTime / 1000;
    parts.metrics.decided({ door, tenant, reason, seconds });
    // What passes the door check has its line in the gateway's log.
    if (door === 'graphql' || reason !== undefined) parts.log(lineOf(request, reply, door));
    done();
  });
}

function answersFor(scope: FastifyInstance, refuse: Refuse, { log }: Parts): void {
  scope.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error);
    if (refusal.reason === 'internal_error') log({ level: 'error', message: String(error) });
    noteOf(request).reason = refusal.reason;
    void refuse(reply, refusal);
  });
}

/** What nobody expected closes the door too. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode = 500 } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Refusal(413, 'body_too_large', 'the body is larger than is allowed');
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new Refusal(400, 'request_invalid', 'the request cannot be read');
  }
  return new Refusal(500, 'internal_error', 'the request could not be decided on');
}

function noteOf(request: FastifyRequest): Note {
  const note = notes.get(request) ?? { tenant: '', user: '' };
  notes.set(request, note);
  return note;
}

function grantedTo(request: FastifyRequest): Granted {
  const { granted } = noteOf(request);
  if (!granted) throw new Error('a request came past the decision');
  return granted;
}

function lineOf(
  request: FastifyRequest,
  reply: FastifyReply,
  door: DoorName,
): Record<string, unknown> {
  const { tenant, user, reason } = noteOf(request);
  const uri = door !== 'graphql' ? header(request, 'x-original-uri') : request.url;
  return {
    level: 'info',
    door,
    request: header(request, 'x-request-id').slice(0, 64),
    tenant,
    user,
    method: door !== 'graphql' ? header(request, 'x-original-method') : request.method,
    // Behind ? and # stands what may be a secret.
    path: (uri.split(/[?#]/, 1)[0] ?? '').slice(0, 200),
    status: reply.statusCode,
    reason,
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
  };
}
