import type { TenancyDeclaration } from './declaration';
import { byName, referencesOf } from './rules';

interface Qualified {
  readonly schema: string;
  readonly name: string;
}

interface Relationship<Using> {
  readonly name: string;
  readonly using: { readonly foreign_key_constraint_on: Using };
}

export interface Relationships {
  readonly object_relationships: readonly Relationship<readonly string[]>[];
  readonly array_relationships: readonly Relationship<{
    readonly table: Qualified;
    readonly columns: readonly string[];
  }>[];
}

/**
 * A table's relationships for Hasura, by the foreign keys that the declaration names: each carries `tenant_id`, so that a
 * row leads to rows of its own tenant whatever the permissions say.
 *
 * The row that `project_id` names is `project`; the rows that name a project are called by their table, `notes`, or
 * `notes_by_project` where a table names it more than once.
 */
export function relationshipsOf(
  { tables }: Pick<TenancyDeclaration, 'tables'>,
  table: string,
): Relationships {
  const { parents } = tables[table] ?? {};
  return {
    object_relationships: referencesOf(parents ? { parents } : {}).map(({ columns }) => ({
      name: objectName(columns),
      using: { foreign_key_constraint_on: ['tenant_id', ...columns] },
    })),
    array_relationships: byName(tables).flatMap(([child, rules]) => {
      const references = referencesOf(rules).filter(({ parent }) => parent === table);
      const [schema = '', name = ''] = child.split('.');
      return references.map(({ columns }) => ({
        name: references.length === 1 ? name : `${name}_by_${objectName(columns)}`,
        using: {
          foreign_key_constraint_on: {
            table: { schema, name },
            columns: ['tenant_id', ...columns],
          },
        },
      }));
    }),
  };
}

/** Never the column's own name: a table has each name once. */
function objectName(columns: readonly string[]): string {
  const name = columns.join('_');
  return name.endsWith('_id') && name.length > 3 ? name.slice(0, -3) : `${name}_row`;
}
