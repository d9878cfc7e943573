import { escapeIdentifier, type PoolClient } from 'pg';
import type { Change } from './change';

/** A row as JSON has it: column → value. A bigint above 2^53 is not exact. */
export type Row = Readonly<Record<string, unknown>>;

export interface Column {
  readonly name: string;
  /** As Postgres calls it inside: `int8`, `timestamptz`, `_text` for a list of texts. */
  readonly type: string;
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** Columns that the transaction's role may read, in their order; none where there is no such table. */
export async function readableColumns(
  client: PoolClient,
  { schema, name }: Relation,
): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select a.attname as name, t.typname as type
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_catalog.pg_type t on t.oid = a.atttypid
     where n.nspname = $1 and c.relname = $2 and has_column_privilege(c.oid, a.attnum, 'select')
     order by a.attnum`,
    [schema, name],
  );
  return rows;
}

/** Of changes in one table the rows that the transaction sees now. */
export async function rowsAt(
  client: PoolClient,
  { schema, name }: Relation,
  columns: readonly Column[],
  changes: readonly Change[],
): Promise<ReadonlyMap<Change, Row>> {
  const [first] = changes;
  if (!first) return new Map();
  const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
  const shown = columns.map((column) => `t.${escapeIdentifier(column.name)}`).join(', ');
  const same = Object.keys(first.key)
    .map(escapeIdentifier)
    .map((column) => ` and t.${column} = sought.${column}`);
  const { rows } = await client.query<{ index: number; row: Row }>(
    `select wanted.number::int - 1 as index, to_jsonb(shown) as row
     from jsonb_array_elements($1::jsonb) with ordinality as wanted (key, number)
     cross join lateral jsonb_populate_record(null::${table}, wanted.key) as sought
     cross join lateral (select ${shown} from ${table} t where t.tenant_id = $2${same.join('')}) as shown`,
    [JSON.stringify(changes.map(({ key }) => key)), first.tenantId],
  );
  return new Map(
    rows.flatMap(({ index, row }) => {
      const change = changes[index];
      return change ? [[change, row] as const] : [];
    }),
  );
}
