import { grafserv } from 'postgraphile/grafserv/node';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { postgraphile } from 'postgraphile';
import type { JWTPayload } from 'jose';
import { Pool } from 'pg';
import { graphqlPreset } from './preset';
import { readSecret, variable } from '../shared/environment';
import { TokenError, verifyToken, type TokenRules } from '../shared/token';

/**
 * The GraphQL service: verifies each request's token before PostGraphile sees the request.
 *
 * Environment: PORT, HOST (127.0.0.1), GRAPHQL_SCHEMAS, JWT_ISSUER, JWT_AUDIENCE; files named by DATABASE_URL_FILE and
 * JWT_KEY_FILE.
 */
async function main(): Promise<void> {
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
      verified.set(request, await verifyToken(request.headers.authorization, rules));
      graphql.emit('request', request, response);
    } catch (error) {
      if (!(error instanceof TokenError)) log('error', (error as Error).message);
      refuse(
        response,
        error instanceof TokenError ? error.message : 'the token could not be verified',
      );
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
function refuse(response: ServerResponse, message: string): void {
  response
    .writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' })
    .end(JSON.stringify({ errors: [{ message, extensions: { code: 'UNAUTHENTICATED' } }] }));
}

function log(level: 'warn' | 'error', message: string): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message })}\n`);
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
