/** Who may read, change or delete rows of their own tenant. `owner` includes the tenant's admins. */
export const rowRules = ['nobody', 'owner', 'admin', 'member'] as const;
export type RowRule = (typeof rowRules)[number];

/** Who may add rows to their own tenant. `self` is any member, but only in their own name. */
export const insertRules = ['nobody', 'self', 'admin', 'member'] as const;
export type InsertRule = (typeof insertRules)[number];

/** The rules of one table. */
export interface TableRules {
  /** The column that holds the id of the user whose row it is; `owner` and `self` need it. */
  readonly owner?: string;
  /** The only columns that tenants may write; without it all of them, still only with values of their own tenant. */
  readonly columns?: readonly string[];
  readonly read: RowRule;
  readonly insert: InsertRule;
  readonly update: RowRule;
  readonly delete: RowRule;
}

/** Which tables belong to tenants, by name (`app.notes`), and who may do what with a tenant's rows. */
export interface TenancyDeclaration {
  readonly tables: Readonly<Record<string, TableRules>>;
}

/**
 * The one declaration of tenancy, the default export of the application's `tenancy.ts`.
 *
 * It compiles to row level security; whatever is wrong with it is reported, all at once, before anything is deployed.
 *
 * @example
 * export default declareTenancy({
 *   tables: {
 *     'app.notes': { owner: 'author_id', read: 'member', insert: 'self', update: 'owner', delete: 'owner' },
 *   },
 * });
 */
export function declareTenancy(declaration: TenancyDeclaration): TenancyDeclaration {
  return declaration;
}
