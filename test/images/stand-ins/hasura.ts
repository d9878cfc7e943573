import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { jwtVerify } from 'jose';
import { Client } from 'pg';
import type { HasuraMetadata } from '../../../components/tenancy/hasura-metadata';
import { answerTo, type Command } from '../../support/hasura-commands';

/**
 * A stand-in for hasura/graphql-engine as a container: the variables, port, health paths, metadata API and token check that
 * upstream documents. Its metadata lies in the database of HASURA_GRAPHQL_METADATA_DATABASE_URL, so that replicas share it.
 * GraphQL answers with whom it takes the caller for, and nothing of any table.
 */
const variables = process.env;
const secret = demand('HASURA_GRAPHQL_ADMIN_SECRET');
const jwt = JSON.parse(demand('HASURA_GRAPHQL_JWT_SECRET')) as Record<string, string>;
if ((jwt.key?.length ?? 0) < 32) fail('the key of HASURA_GRAPHQL_JWT_SECRET is too short');

function demand(name: string): string {
  const value = variables[name];
  if (value === undefined || value === '') fail(`${name} is not set`);
  return value;
}

function fail(why: string): never {
  process.stderr.write(`${JSON.stringify({ level: 'error', type: 'startup', detail: why })}\n`);
  process.exit(1);
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function columns(): Promise<Record<string, string[]>> {
  const rows = await withClient(demand('STRATA_DATABASE_URL'), async (client) => {
    const found = await client.query<{ table: string; columns: string[] }>(
      `select attrelid::regclass::text as table, array_agg(attname::text) as columns
       from pg_attribute join pg_class c on c.oid = attrelid
       where relkind = 'r' and attnum > 0 and not attisdropped and relnamespace = 'app'::regnamespace group by 1`,
    );
    return found.rows;
  });
  return Object.fromEntries(rows.map((row) => [row.table, row.columns]));
}

interface Stored {
  readonly metadata: HasuraMetadata;
  readonly resource_version: number;
}

function metadataApi(command: Command): Promise<readonly [number, unknown]> {
  return withClient(demand('HASURA_GRAPHQL_METADATA_DATABASE_URL'), async (client) => {
    await client.query('begin');
    const { rows } = await client.query<Stored>(
      'select metadata, resource_version from hdb_catalog.hdb_metadata for update',
    );
    const [stored] = rows;
    if (!stored) throw new Error('no metadata');
    const { status, body, kept } = answerTo(command, {
      metadata: stored.metadata,
      version: stored.resource_version,
      columns: command.type === 'replace_metadata' ? await columns() : {},
    });
    if (kept !== undefined) {
      await client.query(
        'update hdb_catalog.hdb_metadata set metadata = $1, resource_version = resource_version + 1',
        [JSON.stringify(kept)],
      );
    }
    await client.query('commit');
    return [status, body];
  });
}

async function graphql(request: IncomingMessage): Promise<readonly [number, unknown]> {
  const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(jwt.key), {
      algorithms: ['HS256'],
      ...(jwt.issuer && { issuer: jwt.issuer }),
      ...(jwt.audience && { audience: jwt.audience }),
    });
    const claims = payload[jwt.claims_namespace ?? 'https://hasura.io/jwt/claims'] as Record<
      string,
      unknown
    >;
    const role = request.headers['x-hasura-role'] ?? claims['x-hasura-default-role'];
    const admin = request.headers['x-hasura-admin-secret'] === secret;
    return [200, { data: { caller: { claims, role, admin, host: process.env.HOSTNAME } } }];
  } catch (error) {
    const extensions = { path: '$', code: 'invalid-jwt' };
    return [200, { errors: [{ message: `Could not verify JWT: ${String(error)}`, extensions }] }];
  }
}

async function answer(request: IncomingMessage): Promise<readonly [number, unknown]> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (path === '/healthz') return [200, 'OK'];
  if (request.method !== 'POST') return [404, { code: 'not-found' }];
  const body = await json(request);
  if (path === '/v1/graphql') return graphql(request);
  if (path !== '/v1/metadata') return [404, { code: 'not-found' }];
  if (request.headers['x-hasura-admin-secret'] !== secret) {
    return [401, { path: '$', error: 'invalid x-hasura-admin-secret', code: 'access-denied' }];
  }
  return metadataApi(body as Command);
}

async function main(): Promise<void> {
  await withClient(demand('HASURA_GRAPHQL_METADATA_DATABASE_URL'), async (client) => {
    await client.query('select pg_advisory_lock(1)');
    await client.query('create schema if not exists hdb_catalog');
    await client.query(
      'create table if not exists hdb_catalog.hdb_metadata (id int primary key, metadata json, resource_version int)',
    );
    await client.query(
      `insert into hdb_catalog.hdb_metadata values (1, '{"version":3,"sources":[]}', 1) on conflict do nothing`,
    );
  });
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      ([status, body]) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(Number(variables.HASURA_GRAPHQL_SERVER_PORT ?? 8080), '0.0.0.0');
  process.on('SIGTERM', () => server.close(() => process.exit()));
}

main().catch((error: unknown) => fail(String(error)));
