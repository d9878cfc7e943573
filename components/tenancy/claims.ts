import type { TableRules, TenancyDeclaration } from './declaration';
import { byName } from './rules';

/** What a declaration says of the database's schema, apart from who may do what: the schema is held to it. */
export interface SchemaClaims {
  readonly tables: Readonly<Record<string, Pick<TableRules, 'personal' | 'parents'>>>;
  /** Names of tables without tenants, sorted. */
  readonly shared: readonly string[];
}

export function schemaClaims({ tables, shared = {} }: TenancyDeclaration): SchemaClaims {
  return {
    tables: Object.fromEntries(
      byName(tables).map(([table, { personal, parents }]) => [
        table,
        { ...(personal && { personal }), ...(parents && { parents }) },
      ]),
    ),
    shared: Object.keys(shared).sort(),
  };
}
