import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { opens } from '../../scopes';
import { variable } from '../shared/environment';
import { retryable } from '../shared/tenant-database/again';
import { sessionOf, TokenError, verifyToken, type TokenRules } from '../shared/token';
import type { HttpFunction, PublicHttpFunction } from './api';
import type { Identity } from './database';
import { secret } from './environment';
import { Refusal } from '../shared/refusal';
import { pathOf, refuse, send, webRequest } from './exchange';
import { loadFunctions, ofKind } from './load';
import { described, logger } from './log';
import { close, guardProcess, runtimeFromEnvironment, serve } from './process';
import { runAsNobody, runAsTenant, TimeoutError, type Run } from './run';

/**
 * Functions by HTTP: `/functions/<name>` and what is below it.
 *
 * Environment: PORT, HOST (127.0.0.1), JWT_ISSUER, JWT_AUDIENCE, TIMEOUT_SECONDS, ATTEMPTS, BODY_BYTES, TENANT_POOLS
 * (databases of single tenants that are served at the same time), POOLED (false: whether the database's URL leads to the
 * pooler), FUNCTION_SECRETS (names, separated by commas),
 * FUNCTIONS (a folder; `functions` beside this program); files named by DATABASE_URL_FILE (strata_app),
 * TENANT_LOGINS_FILE, JWT_KEY_FILE, REDIS_URL_FILE (optional) and for each secret by `<name>_FILE`.
 */
async function main(): Promise<void> {
  const runtime = runtimeFromEnvironment('functions', 10);
  const rules: TokenRules = {
    key: new TextEncoder().encode(secret('JWT_KEY')),
    issuer: variable('JWT_ISSUER'),
    audience: variable('JWT_AUDIENCE'),
  };
  const mostBytes = Number(variable('BODY_BYTES'));
  const functions = loadFunctions(process.env.FUNCTIONS ?? path.join(__dirname, 'functions'));
  const open = ofKind(functions, 'publicHttp');
  const closed = ofKind(functions, 'http');

  const server = await serve(
    runtime,
    () => runtime.places.ping(),
    async (request, response) => {
      const id = requestId(request);
      response.setHeader('x-request-id', id);
      const gone = new AbortController();
      response.once('close', () => {
        gone.abort();
      });
      try {
        await send(response, await answer(request, id, gone.signal), gone.signal);
      } catch (error) {
        refuse(response, asRefusal(error));
      }
    },
  );
  guardProcess(runtime, async () => {
    await close(server);
    await runtime.queues.close();
    await runtime.places.end();
  });
  logger().info('ready', { functions: [...open.keys(), ...closed.keys()].sort() });

  async function answer(
    request: IncomingMessage,
    id: string,
    left: AbortSignal,
  ): Promise<Response> {
    const [, name = ''] = /^\/functions\/([a-z0-9-]+)(?:\/|$)/.exec(pathOf(request)) ?? [];
    const run: Run = { id, name, kind: 'http', left };
    const anybodys = open.get(name);
    if (anybodys) return callPublic(anybodys, request, run, left);
    // Who may not call anything is not told what there is.
    const identity = await callerOf(request, rules);
    const found = closed.get(name);
    if (!found) throw new Refusal(404, 'not_found', 'there is no function of this name');
    return call(found, request, run, identity, left);
  }

  async function callPublic(
    { handler }: PublicHttpFunction,
    request: IncomingMessage,
    run: Run,
    left: AbortSignal,
  ): Promise<Response> {
    const asked = await webRequest(request, mostBytes, left);
    return runAsNobody(runtime, run, async (context) => response(await handler(asked, context)));
  }

  async function call(
    { handler }: HttpFunction,
    request: IncomingMessage,
    run: Run,
    identity: Identity,
    left: AbortSignal,
  ): Promise<Response> {
    const asked = await webRequest(request, mostBytes, left);
    return runAsTenant(runtime, run, identity, async (context) =>
      response(await handler(asked, context)),
    );
  }
}

/** Whom the request's token acts for. An API key's token opens what the key does, here too. */
async function callerOf(
  { headers, method = '' }: IncomingMessage,
  rules: TokenRules,
): Promise<Identity> {
  const { tenantId, userId, role, scopes } = sessionOf(
    await verifyToken(headers.authorization, rules),
  );
  const action = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 'read' : 'write';
  if (scopes && !opens(scopes, 'functions', action)) {
    throw new Refusal(403, 'scope_missing', `this API key does not open functions:${action}`);
  }
  return { tenantId, userId, role: role === 'tenant_admin' ? 'admin' : 'member', scopes };
}

/** What is no answer must fail before the transaction is kept. */
function response(answer: unknown): Response {
  if (answer instanceof Response && answer.status >= 200 && !answer.bodyUsed) return answer;
  throw new Error('the function returned no Response that can be sent');
}

/** What the caller is told: never what went wrong inside. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof TokenError) {
    return new Refusal(401, 'unauthenticated', error.message, { 'www-authenticate': 'Bearer' });
  }
  if (error instanceof TimeoutError)
    return new Refusal(504, 'timeout', 'the function took too long');
  return (
    retryable(error) ??
    new Refusal(500, 'internal', 'the function failed; its log says why, under this request id')
  );
}

/** The gateway's, where it is one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}

main().catch((error: unknown) => {
  logger().error('did not start', described(error));
  process.exit(1);
});
