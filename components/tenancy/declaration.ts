/**
 * Who may do something with a row of their tenant. Administrators of the tenant may do everything but insert in
 * somebody else's name.
 *
 * - `member`: every member of the tenant
 * - `owner`: the user whom the row's owner column names
 * - `admin`: administrators only
 * - `nobody`: not even administrators
 */
export const rules = ['member', 'owner', 'admin', 'nobody'] as const;
export type Rule = (typeof rules)[number];

/** The rules of one tenant-owned table. */
export interface TableRules {
  /** The uuid column that names the user to whom a row belongs; needed by the rule `owner`. */
  readonly owner?: string;
  readonly read: Rule;
  /** With `owner`: only rows of one's own, for administrators too. */
  readonly insert: Rule;
  readonly update: Rule;
  readonly delete: Rule;
}

/** The one declaration of tenancy: every tenant-owned table by its full name (`app.notes`). */
export interface TenancyDeclaration {
  readonly tables: Readonly<Record<string, TableRules>>;
}

/** Gives the declaration its type; it is checked when it is compiled. */
export function declareTenancy(declaration: TenancyDeclaration): TenancyDeclaration {
  return declaration;
}
