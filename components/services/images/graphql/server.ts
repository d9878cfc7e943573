import { grafserv } from 'postgraphile/grafserv/node';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { postgraphile } from 'postgraphile';
import { Pool } from 'pg';
import type { SmartTags } from '../../../tenancy/postgraphile';
import { log, muzzleConsole } from './log';
import { Admission } from './admission';
import { graphqlPreset, maxRequestBytes, path, statementMs } from './preset';
import { serveSockets } from './sockets';
import { readSecret, variable, wholeNumber } from '../shared/environment';
import { Refusal } from '../shared/refusal';
import { Places } from '../shared/tenant-database/places';
import { TokenError, type TokenRules } from '../shared/token';

/**
 * The GraphQL service: verifies the token and the scopes of each request, and of each operation over a socket, and looks up
 * where its tenant's rows are, before PostGraphile sees it.
 *
 * Environment: PORT, HOST (127.0.0.1), GRAPHQL_SCHEMAS, GRAPHQL_TAGS (JSON), GRAPHQL_INTROSPECTION (false),
 * TENANT_POOLS (databases of single tenants that are served at the same time), POOLED (false: whether the database's URL
 * leads to the pooler), JWT_ISSUER, JWT_AUDIENCE; files named by DATABASE_URL_FILE (strata_authenticator), TENANT_LOGINS_FILE and JWT_KEY_FILE.
 */
async function main(): Promise<void> {
  muzzleConsole();
  const rules: TokenRules = {
    key: new TextEncoder().encode(readSecret('JWT_KEY')),
    issuer: variable('JWT_ISSUER'),
    audience: variable('JWT_AUDIENCE'),
  };
  const url = readSecret('DATABASE_URL');
  const places = new Places({
    url,
    pooled: process.env.POOLED === 'true',
    master: readSecret('TENANT_LOGINS'),
    name: 'graphql',
    max: 10,
    mostPools: wholeNumber('TENANT_POOLS'),
    statementMs,
    warn(message, fields) {
      log('warn', message, fields);
    },
  });

  const admission = new Admission(rules, places);
  const graphql = createServer();
  const forSchema = new Pool({ connectionString: url, max: 1, application_name: 'graphql-schema' });
  const instance = postgraphile(
    graphqlPreset({
      pool: forSchema,
      schemas: variable('GRAPHQL_SCHEMAS').split(','),
      tags: JSON.parse(variable('GRAPHQL_TAGS')) as SmartTags,
      admitted: (request) => admission.of(request),
      introspection: process.env.GRAPHQL_INTROSPECTION === 'true',
    }),
  );
  const serv = instance.createServ(grafserv);
  await serv.addTo(graphql);
  await instance.getSchema();
  // From here on every request has connections of its own; one that had none would fail instead of using these.
  await forSchema.end();

  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const endSockets = serveSockets(server, { serv, admission, path, maxBytes: maxRequestBytes });
  server.listen(Number(variable('PORT')), process.env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => void places.end());
      void endSockets();
      server.closeIdleConnections();
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/healthz') {
      await health(response);
      return;
    }
    try {
      await admission.admit(request, request.headers.authorization);
      graphql.emit('request', request, response);
    } catch (error) {
      if (error instanceof Refusal) {
        refuse(response, error.status, error.code, error.message);
        return;
      }
      if (!(error instanceof TokenError)) log('error', (error as Error).message);
      const message =
        error instanceof TokenError ? error.message : 'the token could not be verified';
      refuse(response, 401, 'UNAUTHENTICATED', message);
    }
  }

  async function health(response: ServerResponse): Promise<void> {
    try {
      await places.ping();
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
function refuse(response: ServerResponse, status: number, code: string, message: string): void {
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
