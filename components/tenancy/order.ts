import type { TableRules } from './declaration';
import { byName, referencesOf } from './rules';

interface Related {
  readonly tables: Readonly<Record<string, Pick<TableRules, 'parents'>>>;
}

/**
 * A declaration's tables so that each comes after those that its rows refer to: the order to write rows in, and backwards
 * to delete them. Where tables refer to each other in a circle there is none: the references of `circularReferences()`
 * have to be deferred then.
 */
export function tableOrder({ tables }: Related): string[] {
  const ordered: string[] = [];
  const seen = new Set<string>();
  const visit = (table: string): void => {
    const rules = tables[table];
    if (!rules || seen.has(table)) return;
    seen.add(table);
    for (const { parent } of referencesOf(rules)) visit(parent);
    ordered.push(table);
  };
  for (const [table] of byName(tables)) visit(table);
  return ordered;
}

/** References to rows that `tableOrder()` writes later. One from a table to itself is none: one statement writes both. */
export function circularReferences(
  declaration: Related,
): { readonly table: string; readonly columns: readonly string[]; readonly parent: string }[] {
  const order = tableOrder(declaration);
  return byName(declaration.tables).flatMap(([table, rules]) =>
    referencesOf(rules)
      .filter(({ parent }) => order.indexOf(parent) > order.indexOf(table))
      .map((reference) => ({ table, ...reference })),
  );
}
