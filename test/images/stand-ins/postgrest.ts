import { readFileSync } from 'node:fs';
import { jwtVerify } from 'jose';
import { DatabaseError, escapeIdentifier, type Client } from 'pg';
import { restTransaction } from '../../support/postgrest-stand-in';
import {
  bearer,
  demand,
  endByHealth,
  fail,
  serve,
  withClient,
  type Answer,
  type Asked,
} from './shared/program';

/**
 * A stand-in for postgrest/postgrest as a container: `postgrest` and `postgrest --ready`, its variables with `@file`, both
 * ports, and of its API tables with `select`, `eq`, writes, and the document at `/`. Its transactions are those of
 * test/support/postgrest-stand-in.ts, so the rows are what the database lets through.
 */
type Claims = Readonly<Record<string, unknown>>;
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const adminPort = demand('PGRST_ADMIN_SERVER_PORT');

/** A setting that may stand in a file; one newline is cut off a secret. */
function setting(name: string): string {
  const value = demand(name);
  return value.startsWith('@') ? readFileSync(value.slice(1), 'utf8').replace(/\n$/, '') : value;
}

const question = { GET: 'select', POST: 'insert', PATCH: 'update', DELETE: 'delete' } as const;

/** The statement that a path and its query stand for, and its values. */
function statementOf(asked: Asked, method: Method): readonly [string, unknown[]] {
  const [, table = ''] = asked.url.pathname.split('/');
  const values: unknown[] = [];
  const value = (one: unknown): string => `$${String(values.push(one))}`;
  const where = [...asked.url.searchParams]
    .filter(([name]) => !['select', 'order', 'limit', 'columns'].includes(name))
    .map(([name, text]) => `${escapeIdentifier(name)} = ${value(text.replace(/^eq\./, ''))}`)
    .join(' and ');
  const chosen = asked.url.searchParams.get('select') ?? '*';
  const columns = chosen === '*' ? '*' : chosen.split(',').map(escapeIdentifier).join(', ');
  const name = escapeIdentifier(table);
  const filter = where === '' ? '' : `where ${where}`;
  if (method === 'GET') return [`select ${columns} from ${name} ${filter}`, values];
  if (method === 'DELETE') return [`delete from ${name} ${filter} returning *`, values];
  const given = JSON.parse(asked.body.toString()) as Record<string, unknown> | unknown[];
  const row = (Array.isArray(given) ? given[0] : given) as Record<string, unknown>;
  const names = Object.keys(row).map(escapeIdentifier);
  const said = Object.values(row).map(value);
  return method === 'POST'
    ? [`insert into ${name} (${names.join()}) values (${said.join()}) returning *`, values]
    : [
        `update ${name} set ${names.map((one, at) => `${one} = ${said[at] ?? ''}`).join()} ${filter} returning *`,
        values,
      ];
}

async function rows(client: Client, asked: Asked, claims: Claims): Promise<unknown[]> {
  const method = asked.method as Method;
  const [statement, values] = statementOf(asked, method);
  const path = asked.url.pathname;
  return restTransaction(client, { method, claims, path }, statement, values);
}

/** The tables that the caller may read, as OpenAPI 2.0. */
async function described(client: Client, claims: Claims): Promise<unknown> {
  const tables = await restTransaction<{ name: string }>(
    client,
    { method: 'GET', claims, path: '/' },
    `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v')
       and has_table_privilege(oid, 'select') order by 1`,
    [demand('PGRST_DB_SCHEMAS')],
  );
  return {
    swagger: '2.0',
    host: new URL(demand('PGRST_OPENAPI_SERVER_PROXY_URI')).host,
    paths: Object.fromEntries(tables.map(({ name }) => [`/${name}`, { get: {} }])),
  };
}

async function answer(asked: Asked): Promise<Answer> {
  if (!(asked.method in question)) return [405, { code: 'PGRST117', message: 'unsupported' }];
  const token = bearer(asked);
  if (token === '') return [401, { code: 'PGRST302', message: 'Anonymous access is disabled' }];
  let claims: Claims;
  try {
    const key = new TextEncoder().encode(setting('PGRST_JWT_SECRET'));
    claims = (await jwtVerify(token, key, { audience: demand('PGRST_JWT_AUD') })).payload;
  } catch (error) {
    return [401, { code: 'PGRST301', message: String(error) }];
  }
  return withClient(setting('PGRST_DB_URI'), async (client): Promise<Answer> => {
    try {
      if (asked.url.pathname === '/') return [200, await described(client, claims)];
      const found = await rows(client, asked, claims);
      return [asked.method === 'POST' ? 201 : 200, found];
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const { code, message, detail, hint } = error;
      const status = { 42501: 403, '42P01': 404 }[code ?? ''] ?? 400;
      return [status, { code, message, details: detail ?? null, hint: hint ?? null }];
    }
  });
}

/** Whether the database answers. */
async function healthy(): Promise<Answer> {
  try {
    await withClient(setting('PGRST_DB_URI'), (client) => client.query('select 1'));
    return [200, ''];
  } catch (error) {
    return [503, { message: String(error) }];
  }
}

if (process.argv[2] === '--ready') {
  endByHealth(`http://localhost:${adminPort}/ready`);
} else if (setting('PGRST_JWT_SECRET').length < 32) {
  fail('the JWT secret is too short');
} else {
  serve(Number(demand('PGRST_SERVER_PORT')), answer);
  serve(Number(adminPort), ({ url }) =>
    url.pathname === '/metrics'
      ? [200, 'pgrst_up 1\n', { 'content-type': 'text/plain' }]
      : healthy(),
  );
}
