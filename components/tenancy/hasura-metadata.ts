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

/**
 * Rules as metadata of Hasura v2 (version 3): Hasura lists the columns that are permitted, so `columns` has all columns of
 * each table, in order, as the database has them. Pure. Throws when a table or a column that the rules name is not there.
 *
 * Format: https://hasura.io/docs/latest/api-reference/metadata-api/permission/, …/relationship, and the types of
 * `@hasura/metadata-api` 0.1.0-prerelease.2 (PostgresTableMetadata), read 2026-11-21.
 */
export function hasuraMetadata(
  { tables, permissions }: HasuraRules,
  columns: Readonly<Record<string, readonly string[]>>,
  databaseUrl = 'HASURA_GRAPHQL_DATABASE_URL',
): HasuraMetadata {
  return {
    version: 3,
    sources: [
      {
        name: 'default',
        kind: 'postgres',
        tables: Object.entries(tables).map(([table, relationships]) => {
          const all = columns[table];
          if (!all)
            throw new UserError(`${table} is declared in tenancy.ts but has no columns here`);
          const [schema = '', name = ''] = table.split('.');
          const permitted = (command: Command): Permitted[] =>
            roles.flatMap((role) => {
              const found = permissions[permissionName(table, role, command)];
              return found ? [{ role, permission: listed(found, table, all) }] : [];
            });
          return {
            table: { schema, name },
            ...relationships,
            select_permissions: permitted('select'),
            insert_permissions: permitted('insert'),
            update_permissions: permitted('update'),
            delete_permissions: permitted('delete'),
          };
        }),
        configuration: { connection_info: { database_url: { from_env: databaseUrl } } },
      },
    ],
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
