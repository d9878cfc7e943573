import { checkDeclaration } from './compile';
import type { InsertRule, RowRule, Rule, TableRules, TenancyDeclaration } from './declaration';
import { relationshipsOf, type Relationships } from './relationships';
import { byName, isWritable, ownerOf, roleOf, scopeOf } from './rules';

/** Roles of access tokens, as Hasura knows them. */
export const roles = ['tenant_admin', 'tenant_member'] as const;
type Role = (typeof roles)[number];

/** A condition on a row; an empty one holds for every row. */
type Condition = Readonly<Record<string, { readonly _eq: string }>>;

/** Some columns of a table, or all but some: which ones there are, the database knows. */
export type Columns = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** What a role may do, as Hasura writes it but for the columns. */
export interface Permission {
  readonly filter?: Condition;
  readonly check?: Condition;
  readonly columns?: Columns;
  readonly set?: Readonly<Record<string, string>>;
  readonly allow_aggregations?: true;
  readonly backend_only?: false;
}

export type Command = 'select' | 'insert' | 'update' | 'delete';

/** A declaration for Hasura, without the columns of its tables. */
export interface HasuraRules {
  /** Tables that somebody may reach: `app.notes`. */
  readonly tables: Readonly<Record<string, Relationships>>;
  /** By what it is, as people read it: `app.notes: tenant_member may select`. */
  readonly permissions: Readonly<Record<string, Permission>>;
}

/** What a permission is called in `HasuraRules`. */
export function permissionName(table: string, role: string, command: Command): string {
  return `${table}: ${role} may ${command}`;
}

const tenant: Condition = { tenant_id: { _eq: 'X-Hasura-Tenant-Id' } };
const user = 'X-Hasura-User-Id';

/** The guard lets an API key come to GraphQL with no less. */
const scopeOfReading = 'graphql:read';

/**
 * A declaration as rules of Hasura v2: what the roles `tenant_admin` and `tenant_member` may do with each table, what is
 * written for them, and relationships that carry `tenant_id`. `hasuraMetadata` makes metadata of it.
 *
 * Hasura's queries say nothing of whom they act for, so here these permissions are the only fence: every filter and every
 * check has the tenant, and a table of which a role may do nothing is not shown to it. Its mutations pass row level
 * security as well, which also asks for scopes. A read rule with a scope other than `graphql:read` cannot be said here:
 * Hasura then shows that table to nobody.
 *
 * Pure; the order of the declaration means nothing. Throws what is wrong with the declaration.
 */
export function hasuraRules(declaration: TenancyDeclaration): HasuraRules {
  checkDeclaration(declaration);
  const shared = Object.entries(declaration.shared ?? {})
    .filter(([, rule]) => rule === 'member')
    .map(([table]) => table);
  const tables = [
    ...Object.keys(declaration.tables).map(
      (table) => [table, relationshipsOf(declaration, table)] as const,
    ),
    ...shared.map((table) => [table, relationless] as const),
  ];
  const permissions = [
    ...Object.entries(declaration.tables).flatMap(([table, rules]) => permitted(table, rules)),
    ...shared.flatMap((table) =>
      roles.map((role) => [permissionName(table, role, 'select'), everyRow] as const),
    ),
  ];
  return {
    tables: sorted(tables),
    permissions: sorted(permissions),
  };
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(byName(Object.fromEntries(entries)));
}

type Named = readonly [name: string, permission: Permission];

function permitted(table: string, rules: TableRules): Named[] {
  const { hidden = [], columns } = rules;
  const written = (set: Permission['set'] = {}): Columns => {
    const given = ['tenant_id', ...Object.keys(set)];
    return columns
      ? { only: columns.filter((column) => !given.includes(column)).sort() }
      : { except: [...new Set([...hidden, ...given])].sort() };
  };
  const unreadable = ![undefined, scopeOfReading].includes(scopeOf(rules.read));
  const visible: Columns = { except: [...hidden].sort() };
  const each = (
    command: Command,
    rule: Rule<RowRule> | Rule<InsertRule>,
    permission: (condition: Condition, role: Role) => Permission,
  ): Named[] =>
    roles.flatMap((role) => {
      const condition = conditionOf(rules, roleOf<RowRule | InsertRule>(rule), role);
      return condition
        ? [[permissionName(table, role, command), permission(condition, role)] as const]
        : [];
    });
  return [
    ...(unreadable
      ? []
      : each('select', rules.read, (filter) => ({
          columns: visible,
          filter,
          allow_aggregations: true,
        }))),
    ...each('insert', rules.insert, (check, role) => {
      const set = presets(rules, rules.insert, role);
      return { check, set, columns: written(set), backend_only: false };
    }),
    ...each('update', rules.update, (filter, role) => {
      const set = presets(rules, rules.update, role);
      return { filter, check: filter, set, columns: written(set), backend_only: false };
    }),
    ...each('delete', rules.delete, (filter) => ({ filter, backend_only: false })),
  ];
}

/** Undefined when the role may not. */
function conditionOf(
  rules: TableRules,
  rule: RowRule | InsertRule,
  role: Role,
): Condition | undefined {
  switch (rule) {
    case 'nobody':
      return undefined;
    case 'admin':
      return role === 'tenant_admin' ? tenant : undefined;
    case 'member':
      return tenant;
    case 'owner':
      return role === 'tenant_admin' ? tenant : owned(rules);
    case 'self':
      return owned(rules);
  }
}

function owned(rules: TableRules): Condition {
  return { ...tenant, [ownerOf(rules)]: { _eq: user } };
}

/**
 * What is written whatever the caller says: the tenant, and the owner where it can only be the caller. Only columns that
 * Hasura's role may write: where the rules list columns, the database's defaults say the tenant of the session.
 */
function presets(
  rules: TableRules,
  rule: Rule<RowRule> | Rule<InsertRule>,
  role: Role,
): Readonly<Record<string, string>> {
  const { owner, columns } = rules;
  const said = roleOf<RowRule | InsertRule>(rule);
  const own = said === 'self' || (said === 'owner' && role === 'tenant_member');
  return {
    ...(!columns && { tenant_id: 'X-Hasura-Tenant-Id' }),
    ...(own && owner && isWritable(rules, owner) && { [owner]: user }),
  };
}

const everyRow: Permission = { columns: { except: [] }, filter: {}, allow_aggregations: true };

const relationless: Relationships = { object_relationships: [], array_relationships: [] };
