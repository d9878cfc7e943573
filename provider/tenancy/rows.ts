import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { quoteName, quoteTable } from '../../components/tenancy/identifiers';
import { checkTenantId } from '../../components/tenancy/places';
import { describeSqlError } from '../database/errors';

/** A table with rows of tenants, as a database has it. */
export interface RowTable {
  /** As exports call it, in every place: `app.notes`. */
  readonly name: string;
  /** Where it stands: `t_….notes`. */
  readonly at: string;
  /** Sorted; without `tenant_id` and without what the database makes itself. */
  readonly columns: readonly string[];
  /** The primary key besides `tenant_id`: what rows are ordered by. */
  readonly key: readonly { readonly column: string; readonly isText: boolean }[];
  /** Columns with the id of a member. */
  readonly people: readonly string[];
  /** Its rows refer to other rows of it, so one statement has to write all of them. */
  readonly refersToItself: boolean;
}

/** How many there are, and the hash of their text. */
export interface Fingerprint {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Makes a transaction write values as every other one does, whatever the server, the database or the role says: the same
 * rows are the same bytes. Names in values of the kind `regclass` are written with their schema.
 */
export const fixedText = `
  set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local lc_monetary = 'C';
  set local client_encoding = 'UTF8'; set local xmloption = 'content'; set local search_path = pg_catalog`;

/** Pages of 8 KiB that one statement reads of what was sent: the line in the audit log that it makes stays small. */
const pagesAtOnce = 2_048;

/**
 * Tables as a database has them: `names` says where each one stands. One query of the catalogue. `client` may be any role
 * that has USAGE of the schemas. Throws when one is not there.
 */
export async function rowTables(
  client: Client,
  names: readonly { readonly name: string; readonly at: string }[],
): Promise<RowTable[]> {
  const { rows } = await client.query<{ at: string; shape: Omit<RowTable, 'name' | 'at'> | null }>(
    `select t.at, case when to_regclass(t.at) is not null then jsonb_build_object(
       'columns', (select coalesce(jsonb_agg(a.attname order by a.attname collate "C"), '[]') from pg_attribute a
         where a.attrelid = to_regclass(t.at) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
           and a.attname <> 'tenant_id'),
       'key', (select coalesce(jsonb_agg(jsonb_build_object('column', a.attname, 'isText', a.attcollation <> 0)
           order by array_position(i.indkey::int2[], a.attnum)), '[]')
         from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
         where i.indrelid = to_regclass(t.at) and i.indisprimary and a.attname <> 'tenant_id'),
       'people', (select coalesce(jsonb_agg(distinct a.attname), '[]')
         from pg_constraint f join pg_attribute a on a.attrelid = f.conrelid and a.attnum = any (f.conkey)
         where f.conrelid = to_regclass(t.at) and f.contype = 'f' and a.attname <> 'tenant_id'
           and f.confrelid in (to_regclass('registry.members'), to_regclass('registry.users'))),
       'refersToItself', exists (select from pg_constraint f where f.contype = 'f'
         and f.conrelid = to_regclass(t.at) and f.confrelid = f.conrelid)
     ) end as shape
     from unnest($1::text[]) as t (at)`,
    [names.map(({ at }) => at)],
  );
  return names.map(({ name, at }) => {
    const shape = rows.find((row) => row.at === at)?.shape;
    if (!shape)
      throw new Error(`${at} does not exist: bring the place to the platform's version first`);
    return { name, at, ...shape };
  });
}

/** Which of a table's rows, and with what in place of which column. */
interface Selection {
  readonly tenantId: string;
  /** SQL condition besides the tenant. */
  readonly where?: string | undefined;
  /** Column → SQL expression. */
  readonly instead?: ReadonlyMap<string, string>;
}

/**
 * The rows of one tenant as COPY text, ordered by their key, `tenant_id` left out. The transaction has `fixedText` and a
 * role that sees the rows. Costs no memory.
 */
export function readRows(client: Client, table: RowTable, selection: Selection): Readable {
  const { tenantId, where = 'true', instead = new Map<string, string>() } = selection;
  const output = table.columns.map((column) => {
    const name = client.escapeIdentifier(column);
    return `${instead.get(column) ?? name} as ${name}`;
  });
  const order = table.key.map(
    ({ column, isText }) => `r.${client.escapeIdentifier(column)}${isText ? ' collate "C"' : ''}`,
  );
  return client.query(
    copyTo(
      `copy (select r.* from (select ${output.join(', ')} from ${quoteTable(table.at)}
         where tenant_id = ${literal(tenantId)} and (${where})) as r
       ${order.length > 0 ? `order by ${order.join(', ')}` : ''}) to stdout`,
    ),
  );
}

/** Reads rows to their end. */
export async function fingerprint(rows: Readable): Promise<Fingerprint> {
  const { tap, result } = fingerprinting();
  await pipeline(rows, tap.resume());
  return result();
}

/** A stream that counts and hashes the rows that pass. */
export function fingerprinting(): { readonly tap: Transform; readonly result: () => Fingerprint } {
  const hash = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      // In COPY text each row is one line: a line feed inside a value is written \n.
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) rows += 1;
      done(null, chunk);
    },
  });
  return { tap, result: () => ({ rows, bytes, sha256: hash.digest('hex') }) };
}

/**
 * Writes rows as `readRows` gives them, all as `tenantId`'s, and leaves the transaction as maintenance. `client` is the
 * migrator in a transaction with `fixedText`.
 *
 * COPY writes into no table with row level security, so rows pass a table that this transaction alone sees. All rows of a
 * table that refers to itself are one statement. Throws in words what Postgres refuses.
 */
export async function writeRows(
  client: Client,
  table: RowTable,
  tenantId: string,
  rows: Readable,
): Promise<void> {
  const [target, passage] = [quoteTable(table.at), passageOf(table, tenantId)];
  const columns = table.columns.map((column) => client.escapeIdentifier(column));
  const list = ['tenant_id', ...columns].join(', ');
  const values = [literal(tenantId), ...columns].join(', ');
  try {
    await client.query('set local role strata_owner');
    await client.query(
      `create unlogged table ${passage} as select ${columns.join(', ')} from ${target} with no data`,
    );
    await client.query(`grant select on ${passage} to strata_maintenance`);
    await pipeline(rows, client.query(copyFrom(`copy ${passage} from stdin`)));
    const pages = await pagesOf(client, passage);
    await client.query('set local role strata_maintenance');
    const step = table.refersToItself ? Math.max(pages, 1) : pagesAtOnce;
    for (let page = 0; page < pages; page += step) {
      await client.query(
        `insert into ${target} (${list}) select ${values} from ${passage}
         where ctid >= '(${page},0)' and ctid < '(${page + step},0)'`,
      );
    }
    await client.query(`set local role strata_owner; drop table ${passage}`);
    await client.query('set local role strata_maintenance');
  } catch (error) {
    throw describeSqlError(error, `rows of ${table.name}`, '');
  }
}

/** Deletes one tenant's rows: those that refer to others first. The transaction's role may delete them. */
export async function deleteRows(
  client: Client,
  tables: readonly Pick<RowTable, 'at'>[],
  tenantId: string,
): Promise<void> {
  await client.query('set constraints all deferred');
  for (const { at } of [...tables].reverse()) {
    await client.query(`delete from ${quoteTable(at)} where tenant_id = $1`, [tenantId]);
  }
}

function passageOf({ at }: RowTable, tenantId: string): string {
  checkTenantId(tenantId);
  const [schema = ''] = at.split('.');
  return `${quoteName(schema)}.${quoteName(`strata_import_${tenantId.replaceAll('-', '')}`)}`;
}

async function pagesOf(client: Client, table: string): Promise<number> {
  const { rows } = await client.query<{ last: string | null }>(
    `select max(ctid)::text as last from ${table}`,
  );
  const [, page] = /^\((\d+),/.exec(rows[0]?.last ?? '') ?? [];
  return page === undefined ? 0 : Number(page) + 1;
}

function literal(tenantId: string): string {
  checkTenantId(tenantId);
  return `'${tenantId}'`;
}
