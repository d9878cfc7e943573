import { checkDeclaration } from './compile';
import type { TableRules, TenancyDeclaration } from './declaration';
import { byName, roleOf } from './rules';

interface Tagged {
  readonly tags: { readonly behavior: string };
}

/** What `jsonPgSmartTags()` of postgraphile/utils takes. */
export interface SmartTags {
  readonly version: 1;
  readonly config: {
    readonly class: Readonly<
      Record<string, Partial<Tagged> & { readonly attribute?: Readonly<Record<string, Tagged>> }>
    >;
  };
}

const nothing = '-*';
const writeOnly = '-select -filterBy -orderBy';

/**
 * A declaration as smart tags of PostGraphile 5: what nobody may do is not in the API, and neither are
 * hidden columns, but to be written where `columns` names them. A table that nobody reads is not in it at all: a mutation
 * answers with the row.
 *
 * PostGraphile reads grants too; the tags say the same where it would misread them. As an object, not as comments on the
 * tables: nothing has to be written into a database, and all places of tenants share one API. Costs nothing at run time.
 * Pure; throws what is wrong with the declaration.
 *
 * Behaviours: https://postgraphile.org/postgraphile/5/behavior, read 2026-11-21; tried on 5.1.5.
 */
export function smartTags(declaration: TenancyDeclaration): SmartTags {
  checkDeclaration(declaration);
  const tables = Object.entries(declaration.tables).map(([table, rules]) => {
    const closed = (['insert', 'update', 'delete'] as const)
      .filter((command) => roleOf<string>(rules[command]) === 'nobody')
      .map((command) => `-${command}`);
    const behavior = roleOf(rules.read) === 'nobody' ? nothing : closed.join(' ');
    return [table, tagged(behavior, rules)] as const;
  });
  const shared = Object.entries(declaration.shared ?? {}).map(
    ([table, rule]) =>
      [table, tagged(rule === 'nobody' ? nothing : '-insert -update -delete')] as const,
  );
  const all = Object.fromEntries([...tables, ...shared]);
  return { version: 1, config: { class: Object.fromEntries(byName(all)) } };
}

function tagged(
  behavior: string,
  { hidden = [], columns = [] }: Pick<TableRules, 'hidden' | 'columns'> = {},
): SmartTags['config']['class'][string] {
  const attribute = Object.fromEntries(
    [...hidden]
      .sort()
      .map((column): [string, Tagged] => [
        column,
        { tags: { behavior: columns.includes(column) ? writeOnly : nothing } },
      ]),
  );
  return {
    ...(behavior && { tags: { behavior } }),
    ...(hidden.length > 0 && { attribute }),
  };
}
