import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { quoteName, quoteTable } from '../../components/tenancy/identifiers';
import { readRows, type RowTable } from './rows';

/** What one table's rows became since the last look. */
export interface TableChanges {
  readonly source: RowTable;
  readonly target: RowTable;
  readonly keys: Keys;
}

/** Primary keys without `tenant_id`, as the audit log has them. */
export interface Keys {
  readonly count: number;
  /** A JSON array, as Postgres wrote it: JavaScript would round large numbers. */
  readonly json: string;
}

/** Key column → its type, as Postgres writes it, for each table (`at`). */
export type KeyTypes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The keys of a tenant's rows that were changed by transactions of which `seen` knows nothing, by table. Undefined when
 * a table was emptied as a whole. `client` is in a transaction as the owner, whose snapshot is newer than `seen`.
 *
 * `since` bounds the part of the log that is read: a transaction that had begun before it is missed, and the comparison
 * of all rows sees that.
 */
export async function changedKeys(
  client: Client,
  { tenantId, seen, since }: { tenantId: string; seen: string; since: Date },
  tables: readonly RowTable[],
): Promise<ReadonlyMap<string, Keys> | undefined> {
  const { rows } = await client.query<{ at: string; emptied: boolean } & Keys>(
    `select t.at, bool_or(l.operation = 'truncate') as emptied,
       count(distinct key)::int as count,
       coalesce(jsonb_agg(distinct key) filter (where key is not null), '[]')::text as json
     from unnest($1::text[]) as t (at)
     join audit.log l on l.relation = to_regclass(t.at)::text
     left join lateral jsonb_array_elements(l.keys) as key on true
     where (l.tenant_id = $2 or (l.tenant_id is null and l.operation = 'truncate'))
       and l.at >= $3 and not pg_visible_in_snapshot(l.transaction_id, $4::pg_snapshot)
     group by t.at`,
    [tables.map(({ at }) => at), tenantId, since, seen],
  );
  if (rows.some(({ emptied }) => emptied)) return undefined;
  return new Map(rows.map(({ at, count, json }) => [at, { count, json }]));
}

/** The types of the key columns: keys come as text, and are compared as what they are. */
export async function keyTypes(client: Client, tables: readonly RowTable[]): Promise<KeyTypes> {
  const { rows } = await client.query<{ at: string; column: string; type: string }>(
    `select t.at, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
     from unnest($1::text[]) as t (at)
     join pg_attribute a on a.attrelid = to_regclass(t.at) and a.attnum > 0 and not a.attisdropped`,
    [tables.map(({ at }) => at)],
  );
  return new Map(
    tables.map(({ at, key }) => [
      at,
      new Map(
        rows
          .filter((row) => row.at === at && key.some(({ column }) => column === row.column))
          .map(({ column, type }) => [column, type]),
      ),
    ]),
  );
}

/**
 * Makes the target's rows with these keys what the source's are: deletes those that are gone, children first, and writes
 * the others, parents first. `read` and `write` are in transactions with `fixedText`; `write` is the migrator. It may fail
 * where two rows have exchanged a unique value: then all rows are copied anew.
 */
export async function applyChanges(
  { read, write }: { readonly read: Client; readonly write: Client },
  tenantId: string,
  changes: readonly TableChanges[],
  types: KeyTypes,
): Promise<void> {
  const works = changes.map((change, index) => workOf(write, tenantId, change, types, index));
  await write.query('set local role strata_owner');
  for (const { source, passage, columns, target, keyList, keySet } of works) {
    await write.query(
      `create unlogged table ${passage} as select ${columns.join(', ')} from ${target} with no data`,
    );
    await write.query(`grant select on ${passage} to strata_maintenance`);
    const where = `(${keyList}) in (select ${keyList} from ${keySet})`;
    await pipeline(
      readRows(read, source, { tenantId, where }),
      write.query(copyFrom(`copy ${passage} from stdin`)),
    );
  }
  await write.query('set local role strata_maintenance');
  for (const { target, passage, keySet, same } of [...works].reverse()) {
    await write.query(
      `delete from ${target} r using ${keySet}
       where r.tenant_id = $1 and ${same('r', 'k')} and not exists (select from ${passage} p where ${same('p', 'k')})`,
      [tenantId],
    );
  }
  for (const { target, passage, columns, keyList, update } of works) {
    await write.query(
      `insert into ${target} (tenant_id, ${columns.join(', ')}) select $1, ${columns.join(', ')} from ${passage}
       on conflict (tenant_id, ${keyList}) do ${update}`,
      [tenantId],
    );
  }
  await write.query('set local role strata_owner');
  for (const { passage } of works) await write.query(`drop table ${passage}`);
  await write.query('set local role strata_maintenance');
}

function workOf(
  client: Client,
  tenantId: string,
  { source, target, keys }: TableChanges,
  types: KeyTypes,
  index: number,
) {
  const name = (column: string): string => client.escapeIdentifier(column);
  const key = target.key.map(({ column }) => column);
  const rest = target.columns.filter((column) => !key.includes(column));
  const typed = [...(types.get(source.at) ?? [])].map(
    ([column, type]) => `${name(column)} ${type}`,
  );
  const [schema = ''] = target.at.split('.');
  return {
    source,
    target: quoteTable(target.at),
    passage: `${quoteName(schema)}.${quoteName(`strata_move_${tenantId.replaceAll('-', '')}_${index}`)}`,
    columns: target.columns.map(name),
    keyList: key.map(name).join(', '),
    keySet: `jsonb_to_recordset(${client.escapeLiteral(keys.json)}) as k (${typed.join(', ')})`,
    same: (one: string, other: string): string =>
      key.map((column) => `${one}.${name(column)} = ${other}.${name(column)}`).join(' and '),
    update:
      rest.length > 0
        ? `update set ${rest.map((column) => `${name(column)} = excluded.${name(column)}`).join(', ')}`
        : 'nothing',
  };
}
