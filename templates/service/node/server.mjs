// A service behind Strata's gateway. What it is told: PORT and HOST; JWT_KEY_FILE, JWT_ISSUER and JWT_AUDIENCE when the
// settings say "verifiesTokens: true"; DATABASE_URL_FILE when they say "database: true".
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { callerOf, NotAllowed } from './caller.mjs';
import { closeDatabase, databaseAnswers, forCaller } from './database.mjs';

const port = Number(process.env.PORT ?? 8001);
const host = process.env.HOST ?? '0.0.0.0';

const routes = {
  'GET /': () => ({ hello: 'world' }),
  'GET /whoami': async (request) => {
    const caller = await callerOf(request.headers.authorization);
    // In the place of this query put your own: rows of other tenants are not there for it.
    const query = 'select tenancy.current_tenant_id() as tenant, tenancy.current_user_id() as user';
    const [database] = await forCaller(caller, (client) => client.query(query));
    return { caller, database };
  },
};

async function answer(request, path) {
  if (path === '/healthz') return (await databaseAnswers()) ? [200, 'ok'] : [503, 'no database'];
  const route = routes[`${request.method} ${path}`];
  if (route === undefined) return [404, { error: { code: 'not_found', message: 'No such path.' } }];
  try {
    return [200, await route(request)];
  } catch (error) {
    if (error instanceof NotAllowed) {
      return [error.status, { error: { code: error.code, message: error.message } }];
    }
    log('error', { error: error.message });
    return [500, { error: { code: 'internal', message: 'This is a mistake of ours.' } }];
  }
}

const server = createServer(async (request, response) => {
  const started = performance.now();
  // Without the query, which may hold what nobody should read in a log.
  const [path] = request.url.split('?');
  const [status, body] = await answer(request, path);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (path === '/healthz') return;
  log('info', {
    requestId: request.headers['x-request-id'],
    tenant: request.headers['x-strata-tenant'],
    method: request.method,
    path,
    status,
    ms: Math.round(performance.now() - started),
  });
});

function log(level, fields) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, ...fields })}\n`);
}

/** Takes no new requests, finishes those that it has, and ends. */
function stop() {
  log('info', { message: 'stopping' });
  server.close(() => closeDatabase());
  server.closeIdleConnections();
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
server.listen(port, host, () => log('info', { message: `listening on ${host}:${port}` }));
