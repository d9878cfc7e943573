import type { Client } from 'pg';
import { circularReferences } from '../../components/tenancy/order';
import type { SchemaClaims } from '../../components/tenancy/claims';
import { appSchema } from '../../components/tenancy/places';
import { byName, referencesOf } from '../../components/tenancy/rules';

/** A table as the database has it. */
interface Shape {
  readonly columns: ReadonlyMap<string, { readonly nullable: boolean }>;
  readonly references: readonly {
    readonly name: string;
    /** Besides `tenant_id`. */
    readonly columns: readonly string[];
    readonly parent: string;
    readonly deferrable: boolean;
  }[];
}

/**
 * Where a place's schema is not what the declaration says of columns and parents, a sentence each with its remedy.
 *
 * The order of exports and the relationships of an API rest on `parents`, so every foreign key between declared tables has
 * to be among them, and each of them has to be a foreign key. Reads the catalogue once; tables that do not exist are left
 * to their fences.
 */
export async function schemaProblems(
  client: Client,
  claims: Pick<SchemaClaims, 'tables'>,
  schema: string = appSchema,
): Promise<string[]> {
  const shapes = await readShapes(client, Object.keys(claims.tables), schema);
  const circular = circularReferences(claims).map(({ table, columns }) => keyOf(table, columns));
  return byName(claims.tables).flatMap(([table, rules]) => {
    const shape = shapes.get(table);
    if (!shape) return [];
    const named = referencesOf(rules);
    return [
      ...byName(rules.personal ?? {}).flatMap(([column, how]) => {
        const found = shape.columns.get(column);
        if (!found) return [`${table}.personal names ${column}, and there is no such column`];
        return how === 'erase' && !found.nullable
          ? [
              `${table}.personal.${column} is 'erase' but the column may not be null: write { value: '…' } or another way`,
            ]
          : [];
      }),
      ...named
        .filter(
          ({ columns, parent }) => !shape.references.some((found) => same(found, columns, parent)),
        )
        .map(
          ({ columns, parent }) =>
            `${table}.parents says that ${columns.join(', ')} refers to ${parent}, and no foreign key does: ` +
            `add foreign key (tenant_id, ${columns.join(', ')}) references ${parent} in a migration, or take it out`,
        ),
      ...shape.references
        .filter(({ columns }) => columns.length > 0)
        .filter((found) => !named.some(({ columns, parent }) => same(found, columns, parent)))
        .map(
          ({ name, columns, parent }) =>
            `${table} refers to ${parent} by ${name}: say so in tenancy.ts, parents: { ${parentKey(columns)}: '${parent}' }`,
        ),
      ...shape.references
        .filter(({ deferrable }) => !deferrable)
        .filter(({ columns }) => columns.length === 0 || circular.includes(keyOf(table, columns)))
        .map(
          ({ name, columns, parent }) =>
            `${table} and ${parent} refer to ${columns.length === 0 ? 'one tenant' : 'each other'}, ` +
            `so no order of writing their rows is known: alter table ${table} alter constraint ${name} deferrable`,
        ),
    ];
  });
}

function same(
  found: { readonly columns: readonly string[]; readonly parent: string },
  columns: readonly string[],
  parent: string,
): boolean {
  return found.parent === parent && keyOf('', found.columns) === keyOf('', columns);
}

function keyOf(table: string, columns: readonly string[]): string {
  return [table, ...[...columns].sort()].join(' ');
}

function parentKey(columns: readonly string[]): string {
  return columns.length === 1 ? columns.join() : `'${columns.join(',')}'`;
}

/** Declared name (`app.notes`) → shape, of the tables that exist. */
async function readShapes(
  client: Client,
  tables: readonly string[],
  schema: string,
): Promise<ReadonlyMap<string, Shape>> {
  const { rows } = await client.query<{
    name: string;
    columns: { name: string; nullable: boolean }[];
    references: Shape['references'];
  }>(
    `select '${appSchema}.' || c.relname as name,
       (select jsonb_agg(jsonb_build_object('name', a.attname, 'nullable', not a.attnotnull))
        from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       coalesce((select jsonb_agg(jsonb_build_object('name', f.conname, 'parent', '${appSchema}.' || parent.relname,
          'deferrable', f.condeferrable, 'columns', array(select a.attname
            from unnest(f.conkey) with ordinality as k (attnum, position)
            join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum and a.attname <> 'tenant_id'
            order by k.position))
          order by f.conname)
        from pg_catalog.pg_constraint f join pg_catalog.pg_class parent on parent.oid = f.confrelid
        where f.conrelid = c.oid and f.contype = 'f' and f.conparentid = 0
          and parent.relnamespace = c.relnamespace and '${appSchema}.' || parent.relname = any ($1)), '[]') as references
     from pg_catalog.pg_class c
     where c.relnamespace = to_regnamespace($2) and c.relkind in ('r', 'p') and '${appSchema}.' || c.relname = any ($1)`,
    [tables, schema],
  );
  return new Map(
    rows.map(({ name, columns, references }) => [
      name,
      { columns: new Map(columns.map((column) => [column.name, column])), references },
    ]),
  );
}
