import { UserError } from '../../engine/errors';
import {
  permissionName,
  roles,
  type Columns,
  type Command,
  type HasuraRules,
  type Permission,
} from './hasura';
import type { Relationships } from './relationships';

type Listed = Omit<Permission, 'columns'> & { readonly columns?: readonly string[] };

interface Permitted {
  readonly role: string;
  readonly permission: Listed;
}

export type HasuraTable = Relationships & {
  readonly table: { readonly schema: string; readonly name: string };
} & Readonly<Record<`${Command}_permissions`, readonly Permitted[]>>;

interface HasuraSource<Table> {
  readonly name: string;
  readonly kind: 'postgres';
  readonly tables: readonly Table[];
  readonly configuration: {
    readonly connection_info: { readonly database_url: { readonly from_env: string } };
  };
}

export interface HasuraMetadata {
  readonly version: 3;
  readonly sources: readonly [HasuraSource<HasuraTable>, ...HasuraSource<unknown>[]];
}

/** The source of tenants' tables, and the variable that has its URL: Hasura refuses names that begin with HASURA_. */
export const tenantSource = { name: 'strata', variable: 'STRATA_DATABASE_URL' } as const;

/** What a service that tracks its tables itself has said of them; its source's name and the variable of its URL. */
export interface OtherSource {
  readonly name: string;
  readonly variable: string;
  readonly tables: readonly unknown[];
}

/**
 * Rules as metadata of Hasura v2 (version 3): Hasura lists the columns that are permitted, so `columns` has all columns of
 * each table, in order, as the database has them. `others` are sources whose tables are not the declaration's. Pure.
 * Throws when a table or a column that the rules name is not there.
 *
 * Format: https://hasura.io/docs/latest/api-reference/metadata-api/permission/, …/relationship, and the types of
 * `@hasura/metadata-api` 0.1.0-prerelease.2 (PostgresTableMetadata), read 2026-11-21.
 */
export function hasuraMetadata(
  { tables, permissions }: HasuraRules,
  columns: Readonly<Record<string, readonly string[]>>,
  others: readonly OtherSource[] = [],
): HasuraMetadata {
  return {
    version: 3,
    sources: [
      source({
        ...tenantSource,
        tables: Object.entries(tables).map(([table, relationships]) => {
          const all = columns[table];
          if (!all)
            throw new UserError(`${table} is declared in tenancy.ts but has no columns here`);
          return tracked(table, relationships, all, permissions);
        }),
      }),
      ...others.map(source),
    ],
  };
}

function source<Table>({
  name,
  variable,
  tables,
}: Omit<OtherSource, 'tables'> & { readonly tables: readonly Table[] }): HasuraSource<Table> {
  return {
    name,
    kind: 'postgres',
    tables,
    configuration: { connection_info: { database_url: { from_env: variable } } },
  };
}

function tracked(
  table: string,
  relationships: Relationships,
  columns: readonly string[],
  permissions: HasuraRules['permissions'],
): HasuraTable {
  const [schema = '', name = ''] = table.split('.');
  const permitted = (command: Command): Permitted[] =>
    roles.flatMap((role) => {
      const found = permissions[permissionName(table, role, command)];
      return found ? [{ role, permission: listed(found, table, columns) }] : [];
    });
  return {
    table: { schema, name },
    ...relationships,
    select_permissions: permitted('select'),
    insert_permissions: permitted('insert'),
    update_permissions: permitted('update'),
    delete_permissions: permitted('delete'),
  };
}

function listed(
  { columns, ...permission }: Permission,
  table: string,
  all: readonly string[],
): Listed {
  return columns ? { ...permission, columns: columnsOf(columns, table, all) } : permission;
}

/** A column that is hidden and misspelt would be shown. */
function columnsOf(columns: Columns, table: string, all: readonly string[]): string[] {
  const named = 'only' in columns ? columns.only : columns.except;
  const missing = named.filter((column) => !all.includes(column));
  if (missing.length > 0) {
    throw new UserError(`${table} has no column ${missing.join(', ')}, which tenancy.ts names`);
  }
  return all.filter((column) => named.includes(column) === 'only' in columns);
}
