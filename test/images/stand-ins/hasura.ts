import { Kind, parse as parseQuery, type FieldNode, type SelectionNode } from 'graphql';
import { jwtVerify } from 'jose';
import { escapeIdentifier } from 'pg';
import type { HasuraMetadata } from '../../../components/tenancy/hasura-metadata';
import { answerTo, type Command } from '../../support/hasura-commands';
import { holds, permitted, type Row, type Session } from '../../tenancy/support/hasura-model';
import { bearer, demand, fail, serve, withClient, type Answer, type Asked } from './shared/program';

/**
 * A stand-in for hasura/graphql-engine as a container: the variables, port, health paths, metadata API and token check that
 * upstream documents. Its metadata lies in the database of HASURA_GRAPHQL_METADATA_DATABASE_URL, so that replicas share it.
 * GraphQL answers with whom it takes the caller for (`caller`), and with rows of tracked tables: those that
 * strata_hasura reads and a model of Hasura's permissions shows the role. No arguments, no relationships, no writes.
 */
const secret = demand('HASURA_GRAPHQL_ADMIN_SECRET');
const jwt = JSON.parse(demand('HASURA_GRAPHQL_JWT_SECRET')) as Record<string, string>;
if ((jwt.key?.length ?? 0) < 32) fail('the key of HASURA_GRAPHQL_JWT_SECRET is too short');

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

function metadataApi(command: Command): Promise<Answer> {
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

function metadataOf(): Promise<HasuraMetadata> {
  return withClient(demand('HASURA_GRAPHQL_METADATA_DATABASE_URL'), async (client) => {
    const { rows } = await client.query<Stored>('select metadata from hdb_catalog.hdb_metadata');
    if (!rows[0]) throw new Error('no metadata');
    return rows[0].metadata;
  });
}

/** What a role sees of the table that a root field names: `app_notes` is `app.notes`. */
async function shown({ name, selectionSet }: FieldNode, session: Session): Promise<Row[]> {
  const { sources } = await metadataOf();
  const table = sources[0].tables.find(
    ({ table: { schema, name: called } }) => `${schema}_${called}` === name.value,
  );
  const rules = permitted(table, 'select', session);
  if (!table || !rules) throw new Error(`field '${name.value}' not found in type: 'query_root'`);
  const columns = (selectionSet?.selections ?? []).filter(isField).map((field) => field.name.value);
  const hidden = columns.filter((column) => !rules.columns?.includes(column));
  if (hidden.length > 0) throw new Error(`field '${hidden.join()}' not found in type`);
  const rows = await withClient(demand('STRATA_DATABASE_URL'), async (client) => {
    const { schema, name: called } = table.table;
    const place = [schema, called].map(escapeIdentifier).join('.');
    return (await client.query<Row>(`select * from ${place}`)).rows;
  });
  return rows
    .filter((row) => holds(rules.filter ?? {}, row, session))
    .map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
}

function isField(selection: SelectionNode): selection is FieldNode {
  return selection.kind === Kind.FIELD;
}

/** The first operation's root fields. */
function fieldsOf(query: string): FieldNode[] {
  const [operation] = parseQuery(query).definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION
    ? operation.selectionSet.selections.filter(isField)
    : [];
}

async function verified(token: string): Promise<Readonly<Record<string, unknown>>> {
  const { payload } = await jwtVerify(token, new TextEncoder().encode(jwt.key), {
    algorithms: ['HS256'],
    ...(jwt.issuer && { issuer: jwt.issuer }),
    ...(jwt.audience && { audience: jwt.audience }),
  });
  return payload[jwt.claims_namespace ?? 'https://hasura.io/jwt/claims'] as Record<string, unknown>;
}

async function graphql(asked: Asked): Promise<Answer> {
  let claims: Readonly<Record<string, unknown>>;
  try {
    claims = await verified(bearer(asked));
  } catch (error) {
    const extensions = { path: '$', code: 'invalid-jwt' };
    return [200, { errors: [{ message: `Could not verify JWT: ${String(error)}`, extensions }] }];
  }
  const role = String(asked.headers['x-hasura-role'] ?? claims['x-hasura-default-role']);
  const admin = asked.headers['x-hasura-admin-secret'] === secret;
  const { query = '' } = JSON.parse(asked.body.toString()) as { query?: string };
  const caller = { claims, role, admin, host: process.env.HOSTNAME };
  const session = { ...claims, 'x-hasura-role': role } as Session;
  try {
    const answers = fieldsOf(query)
      .filter(({ name }) => name.value.includes('_') && !name.value.startsWith('__'))
      .map(async (field) => [field.name.value, await shown(field, session)] as const);
    return [200, { data: { caller, ...Object.fromEntries(await Promise.all(answers)) } }];
  } catch (error) {
    const extensions = { path: '$', code: 'validation-failed' };
    return [200, { errors: [{ message: (error as Error).message, extensions }] }];
  }
}

async function answer(asked: Asked): Promise<Answer> {
  const path = asked.url.pathname;
  if (path === '/healthz') return [200, 'OK'];
  if (asked.method !== 'POST') return [404, { code: 'not-found' }];
  if (path === '/v1/graphql') return graphql(asked);
  if (path !== '/v1/metadata') return [404, { code: 'not-found' }];
  if (asked.headers['x-hasura-admin-secret'] !== secret) {
    return [401, { path: '$', error: 'invalid x-hasura-admin-secret', code: 'access-denied' }];
  }
  return metadataApi(JSON.parse(asked.body.toString()) as Command);
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
  serve(Number(process.env.HASURA_GRAPHQL_SERVER_PORT ?? 8080), answer);
}

main().catch((error: unknown) => fail(String(error)));
