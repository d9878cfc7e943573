import { grafserv } from 'postgraphile/grafserv/node';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { postgraphile } from 'postgraphile';
import type { JWTPayload } from 'jose';
import { Pool } from 'pg';
import { opens } from '../../scopes';
import { log, muzzleConsole } from './log';
import { graphqlPreset } from './preset';
import { readSecret, variable } from '../shared/environment';
import { sessionOf, TokenError, verifyToken, type TokenRules } from '../shared/token';

/**
 * The GraphQL service: verifies each request's token and its scopes before PostGraphile sees the request.
 *
 * Environment: PORT, HOST (127.0.0.1), GRAPHQL_SCHEMAS, GRAPHQL_INTROSPECTION (false), JWT_ISSUER, JWT_AUDIENCE; files
 * named by DATABASE_URL_FILE and JWT_KEY_FILE.
 */
async function main(): Promise<void> {
  muzzleConsole();
  const rules: TokenRules = {
    key: new TextEncoder().encode(readSecret('JWT_KEY')),
    issuer: variable('JWT_ISSUER'),
    audience: variable('JWT_AUDIENCE'),
  };
  const pool = new Pool({
    connectionString: readSecret('DATABASE_URL'),
    max: 10,
    application_name: 'graphql',
  });
  // An idle connection that Postgres ends (a restart, say) is replaced on the next request.
  pool.on('error', (error) => {
    log('warn', `database connection ended: ${error.message}`);
  });

  const verified = new WeakMap<IncomingMessage, JWTPayload>();
  const graphql = createServer();
  const instance = postgraphile(
    graphqlPreset({
      pool,
      schemas: variable('GRAPHQL_SCHEMAS').split(','),
      claims: (request) => verified.get(request),
      introspection: process.env.GRAPHQL_INTROSPECTION === 'true',
    }),
  );
  await instance.createServ(grafserv).addTo(graphql);
  await instance.getSchema();

  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(Number(variable('PORT')), process.env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => void pool.end());
      server.closeIdleConnections();
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/healthz') {
      await health(response);
      return;
    }
    try {
      const payload = await verifyToken(request.headers.authorization, rules);
      const { scopes } = sessionOf(payload);
      // To read is the least: every mutation answers with what it asks to read.
      // To read is the least: every mutation answers with what it asks to read.
      if (scopes && !opens(scopes, 'graphql', 'read')) {
        refuse(response, 403, 'scope_missing', 'the API key has no scope graphql:read');
        return;
      }
      verified.set(request, payload);
      graphql.emit('request', request, response);
    } catch (error) {
      if (!(error instanceof TokenError)) log('error', (error as Error).message);
      const message =
        error instanceof TokenError ? error.message : 'the token could not be verified';
      refuse(response, 401, 'UNAUTHENTICATED', message);
    }
  }

  async function health(response: ServerResponse): Promise<void> {
    try {
      await pool.query('select 1');
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    } catch (error) {
      log('error', `health: ${(error as Error).message}`);
      response
        .writeHead(503, { 'content-type': 'text/plain' })
        .end('the database does not answer\n');
    }
  }
}

/** Refusals are GraphQL errors, so that a client shows them like any other. */
function refuse(response: ServerResponse, status: 401 | 403, code: string, message: string): void {
  response
    .writeHead(status, {
      'content-type': 'application/json',
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    })
    .end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
