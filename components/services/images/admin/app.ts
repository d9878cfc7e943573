import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import type { AdminConfig } from './config';
import { isAway } from './database';
import type { Html } from './html';
import { isOperator } from './login';
import { base } from './layout';
import { problem } from './pages/problem';
import { pages, type Sources } from './pages';
import { icon, style } from './style';

export interface Parts extends Sources {
  readonly config: AdminConfig;
  /** The password of the operators. */
  readonly password: string;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** No script, nothing of other origins, no frame; forms lead here. */
const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/**
 * The pages below `/admin/`, for GET alone, and `/healthz`. Who asks must come by a name of the platform and with the
 * operators' login, past the gateway too.
 */
export function adminApp(parts: Parts): FastifyInstance {
  const app = fastify({
    bodyLimit: 1,
    requestTimeout: 30_000,
    // Longer than nginx keeps its connections (60 s), so that this program never closes one under a request.
    keepAliveTimeout: 75_000,
    routerOptions: { maxParamLength: 200 },
  });
  app.addHook('onRequest', (request, reply, next) => {
    reply.headers({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    if (request.url !== '/healthz') letIn(request, parts);
    next();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (request.url !== '/healthz') parts.log(lineOf(request, reply));
    done();
  });
  app.setErrorHandler((error, _request, reply) => answer(reply, error, parts));
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'not_found', 'There is nothing here.');
  });

  // It works without the database: the overview is for when nothing else works.
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get(`${base}style.css`, (_request, reply) => cached(reply).type('text/css').send(style));
  app.get(`${base}icon.svg`, (_request, reply) => cached(reply).type('image/svg+xml').send(icon));
  for (const [path, page] of Object.entries(pages)) {
    app.get(`${base}${path}`, async (request, reply) => send(reply, await page(request, parts)));
  }
  return app;
}

function letIn(request: FastifyRequest, { config, password }: Parts): void {
  const host = request.hostname.toLowerCase();
  if (!config.hosts.includes(host)) {
    throw new Refusal(
      421,
      'unknown_host',
      `This page is at ${config.hosts.map((name) => `${name}${base}`).join(' and ')} alone.`,
    );
  }
  if (!isOperator(request.headers.authorization, password)) {
    throw new Refusal(401, 'login_required', 'This page is for the operators of the platform.', {
      'www-authenticate': 'Basic realm="Strata operators"',
    });
  }
}

function answer(reply: FastifyReply, error: unknown, { log }: Parts): FastifyReply {
  if (error instanceof Refusal) {
    const { status, message, headers } = error;
    return send(
      reply.code(status).headers(headers),
      problem(titles[status] ?? 'Refused', [message]),
    );
  }
  const {
    code,
    message,
    statusCode = 500,
  } = error as Error & { code?: string; statusCode?: number };
  if (statusCode < 500) {
    return send(
      reply.code(statusCode),
      problem('Not understood', ['The request cannot be read as one for a page.']),
    );
  }
  log({ level: 'error', message, code });
  return isAway(error) ? send(reply.code(503), away) : send(reply.code(500), broken);
}

const titles: Readonly<Record<number, string>> = {
  400: 'Not understood',
  401: 'Login required',
  404: 'Not found',
  421: 'Another host',
};

const away = problem('The database does not answer', [
  'What this page shows stands in the database strata of the shard main, and it did not answer in time.',
  'The overview works without it and says which services are healthy. The log of the service admin has what was said.',
]);

const broken = problem('This page is broken', [
  'The database answered something that this page did not expect. The log of the service admin has what was said.',
  'After an update the database may still be at an older version: pulumi up brings it to this one.',
]);

function send(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page.text);
}

/** It changes with the program alone. */
function cached(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'private, max-age=300');
}

function lineOf(request: FastifyRequest, reply: FastifyReply): Record<string, unknown> {
  return {
    level: 'info',
    request: String(request.headers['x-request-id'] ?? '').slice(0, 64),
    method: request.method,
    // What was looked for stays between the operator and the page.
    path: (request.url.split(/[?#]/, 1)[0] ?? '').slice(0, 200),
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
  };
}
