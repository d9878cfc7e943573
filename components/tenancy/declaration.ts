import type { Scope } from './scope';

/** Who may read, change or delete rows of their own tenant. `owner` includes the tenant's admins. */
export const rowRules = ['nobody', 'owner', 'admin', 'member'] as const;
export type RowRule = (typeof rowRules)[number];

/** Who may add rows to their own tenant. `self` is any member, but only in their own name. */
export const insertRules = ['nobody', 'self', 'admin', 'member'] as const;
export type InsertRule = (typeof insertRules)[number];

/**
 * Who may, and the scope that an API key of theirs must have besides: `{ role: 'member', scope: 'graphql:write' }`. A
 * person's token has no scopes and is not limited by them.
 */
interface ScopedRule<Role extends string> {
  readonly role: Exclude<Role, 'nobody'>;
  readonly scope: Scope;
}

export type Rule<Role extends string> = Role | ScopedRule<Role>;

/**
 * What becomes of a value that tells about a person when rows are copied for development. Equal values become equal ones
 * within a copy, so that keys and joins hold.
 *
 * `erase` empties the column (null); `email` and `name` make up a different one; `text` puts as many x in its place;
 * `{ value }` is written instead of every value, for columns that may not be null.
 */
export const anonymisations = ['erase', 'email', 'name', 'text'] as const;
export type Anonymisation = (typeof anonymisations)[number] | { readonly value: string };

/** The rules of one table. */
export interface TableRules {
  /** The column that holds the id of the user whose row it is; `owner` and `self` need it. */
  readonly owner?: string;
  /** The only columns that tenants may write; without it all that are not hidden, with values of their own tenant. */
  readonly columns?: readonly string[];
  /** Columns that no tenant reads through any API, and writes only where `columns` names them. */
  readonly hidden?: readonly string[];
  /** Columns that tell about a person → how a copy is made anonymous. */
  readonly personal?: Readonly<Record<string, Anonymisation>>;
  /**
   * Columns that name a row of another declared table → that table. The foreign key carries `tenant_id` as well, and the
   * schema is held to what stands here. Several columns of one key are joined by commas.
   */
  readonly parents?: Readonly<Record<string, string>>;
  /**
   * Changes of its rows are told over WebSocket to those who may read them (the service `realtime`). It costs a trigger
   * on each row that is written, which enters the row's key, not the row.
   */
  readonly realtime?: true;
  readonly read: Rule<RowRule>;
  readonly insert: Rule<InsertRule>;
  readonly update: Rule<RowRule>;
  readonly delete: Rule<RowRule>;
}

/** Who reads a table without tenants: members of every tenant, or nobody. */
export const sharedRules = ['nobody', 'member'] as const;
export type SharedRule = (typeof sharedRules)[number];

/**
 * Who may listen to a channel or send to it, among the members of the tenant: all of them, its admins, or `self`, the one
 * user whose id stands in place of the pattern's `*` (admins are not let in for that).
 */
export const channelRules = ['member', 'admin', 'self'] as const;
export type ChannelRule = (typeof channelRules)[number];

/** The rules of the channels that a pattern names. */
export interface ChannelRules {
  /** Who hears what is sent, and who is present. */
  readonly listen: ChannelRule;
  /** Who sends messages and is shown as present; `nobody` where changes of rows are all there is to hear. */
  readonly send: ChannelRule | 'nobody';
}

/** Which tables belong to tenants, by name (`app.notes`), and who may do what with a tenant's rows. */
export interface TenancyDeclaration {
  readonly tables: Readonly<Record<string, TableRules>>;
  /** Tables whose rows are no tenant's, such as a list of countries → who reads all of them. Only maintenance writes. */
  readonly shared?: Readonly<Record<string, SharedRule>>;
  /**
   * Channels for messages and presence, within each tenant → who uses them. A name is literal or ends in `*`, which stands
   * for one character or more; of several that fit, the longest counts. A channel that none fits is refused.
   */
  readonly channels?: Readonly<Record<string, ChannelRules>>;
}

/**
 * The one declaration of tenancy, the default export of the application's `tenancy.ts`.
 *
 * It compiles to row level security and grants, to what Hasura and PostGraphile show, and to the attacks that must fail;
 * whatever is wrong with it is reported, all at once, before anything is deployed. A table of the database that it does
 * not name fails the deployment. How much a tenant may use is no matter of tables: limits stand in `strata:limits` and
 * with the tenant.
 *
 * @example
 * export default declareTenancy({
 *   tables: {
 *     'app.notes': {
 *       owner: 'author_id',
 *       parents: { project_id: 'app.projects' },
 *       personal: { body: 'text' },
 *       read: 'member',
 *       insert: 'self',
 *       update: 'owner',
 *       delete: { role: 'owner', scope: 'graphql:write' },
 *       realtime: true,
 *     },
 *   },
 *   shared: { 'app.countries': 'member' },
 *   channels: { 'project:*': { listen: 'member', send: 'member' } },
 * });
 */
export function declareTenancy(declaration: TenancyDeclaration): TenancyDeclaration {
  return declaration;
}
