import { UserError } from '../../engine/errors';
import { checkDeclaration } from './compile';
import type { InsertRule, RowRule, Rule, TableRules, TenancyDeclaration } from './declaration';
import { relationshipsOf, type Relationships } from './relationships';
import { isWritable, ownerOf, roleOf, scopeOf } from './rules';

/** Roles of access tokens, as Hasura knows them. */
const roles = ['tenant_admin', 'tenant_member'] as const;
type Role = (typeof roles)[number];

/** A condition on a row; an empty one holds for every row. */
type Condition = Readonly<Record<string, { readonly _eq: string }>>;

interface Permission {
  readonly filter?: Condition;
  readonly check?: Condition;
  readonly columns?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
  readonly allow_aggregations?: true;
  readonly backend_only?: false;
}

interface Permitted {
  readonly role: Role;
  readonly permission: Permission;
}

export interface HasuraTable extends Relationships {
  readonly table: { readonly schema: string; readonly name: string };
  readonly select_permissions: readonly Permitted[];
  readonly insert_permissions: readonly Permitted[];
  readonly update_permissions: readonly Permitted[];
  readonly delete_permissions: readonly Permitted[];
}

export interface HasuraMetadata {
  readonly version: 3;
  readonly sources: readonly {
    readonly name: string;
    readonly kind: 'postgres';
    readonly tables: readonly HasuraTable[];
    readonly configuration: {
      readonly connection_info: { readonly database_url: { readonly from_env: string } };
    };
  }[];
}

const tenant: Condition = { tenant_id: { _eq: 'X-Hasura-Tenant-Id' } };
const user = 'X-Hasura-User-Id';

/** The guard lets an API key come to GraphQL with no less. */
const scopeOfReading = 'graphql:read';

/**
 * A declaration as metadata of Hasura v2 (version 3): each table with what the roles `tenant_admin` and `tenant_member`
 * may do, what is written for them, and relationships that carry `tenant_id`.
 *
 * Hasura's queries say nothing of whom they act for, so here these permissions are the only fence: every filter and every
 * check has the tenant, and a table of which a role may do nothing is not shown to it. Its mutations pass row level
 * security as well, which also asks for scopes. A read rule with a scope other than `graphql:read` cannot be said here:
 * Hasura then shows that table to nobody.
 *
 * `columns` has all columns of each table, in order, as the database has them: Hasura lists what is permitted. Pure; the
 * order of the declaration means nothing. Throws what is wrong with the declaration.
 *
 * Format: https://hasura.io/docs/latest/api-reference/metadata-api/permission/, …/relationship, and the types of
 * `@hasura/metadata-api` 0.1.0-prerelease.2 (PostgresTableMetadata), read 2026-11-21.
 */
export function hasuraMetadata(
  declaration: TenancyDeclaration,
  columns: Readonly<Record<string, readonly string[]>>,
  databaseUrl = 'HASURA_GRAPHQL_DATABASE_URL',
): HasuraMetadata {
  checkDeclaration(declaration);
  const listed = (table: string): readonly string[] => {
    const known = columns[table];
    if (!known) throw new UserError(`${table} is declared in tenancy.ts but has no columns here`);
    return known;
  };
  const tables = [
    ...Object.entries(declaration.tables).map(([table, rules]) => ({
      ...named(table),
      ...relationshipsOf(declaration, table),
      ...permissions(rules, listed(table)),
    })),
    ...Object.entries(declaration.shared ?? {})
      .filter(([, rule]) => rule === 'member')
      .map(([table]) => ({ ...named(table), ...relationless, ...everyRow(listed(table)) })),
  ].sort((a, b) => (a.table.name < b.table.name ? -1 : 1));
  return {
    version: 3,
    sources: [
      {
        name: 'default',
        kind: 'postgres',
        tables,
        configuration: { connection_info: { database_url: { from_env: databaseUrl } } },
      },
    ],
  };
}

type Permissions = Pick<
  HasuraTable,
  'select_permissions' | 'insert_permissions' | 'update_permissions' | 'delete_permissions'
>;

function permissions(rules: TableRules, all: readonly string[]): Permissions {
  const { hidden = [] } = rules;
  const visible = all.filter((column) => !hidden.includes(column));
  const writable = (rules.columns ?? visible).filter((column) => column !== 'tenant_id');
  const unreadable = ![undefined, scopeOfReading].includes(scopeOf(rules.read));
  return {
    select_permissions: unreadable
      ? []
      : forEach(rules, rules.read, (filter) => ({
          columns: visible,
          filter,
          allow_aggregations: true,
        })),
    insert_permissions: forEach(rules, rules.insert, (check, role) => {
      const set = presets(rules, rules.insert, role);
      return { check, set, columns: without(writable, set), backend_only: false };
    }),
    update_permissions: forEach(rules, rules.update, (filter, role) => {
      const set = presets(rules, rules.update, role);
      return { filter, check: filter, set, columns: without(writable, set), backend_only: false };
    }),
    delete_permissions: forEach(rules, rules.delete, (filter) => ({ filter, backend_only: false })),
  };
}

function forEach(
  rules: TableRules,
  rule: Rule<RowRule> | Rule<InsertRule>,
  permission: (condition: Condition, role: Role) => Permission,
): Permitted[] {
  return roles.flatMap((role) => {
    const condition = conditionOf(rules, roleOf<RowRule | InsertRule>(rule), role);
    return condition ? [{ role, permission: permission(condition, role) }] : [];
  });
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

function without(columns: readonly string[], set: Readonly<Record<string, string>>): string[] {
  return columns.filter((column) => !Object.hasOwn(set, column)).sort();
}

function everyRow(columns: readonly string[]): Permissions {
  return {
    select_permissions: roles.map((role) => ({
      role,
      permission: { columns, filter: {}, allow_aggregations: true },
    })),
    insert_permissions: [],
    update_permissions: [],
    delete_permissions: [],
  };
}

const relationless = { object_relationships: [], array_relationships: [] };

function named(table: string): Pick<HasuraTable, 'table'> {
  const [schema = '', name = ''] = table.split('.');
  return { table: { schema, name } };
}
