import { describe, expect, test } from 'vitest';
import { hasuraRules } from '../../components/tenancy/hasura';
import { hasuraMetadata, type HasuraTable } from '../../components/tenancy/hasura-metadata';
import { declareTenancy, type TenancyDeclaration } from '../../components/tenancy/declaration';

const tenant = { tenant_id: { _eq: 'X-Hasura-Tenant-Id' } };
const own = { ...tenant, author_id: { _eq: 'X-Hasura-User-Id' } };
const roles = ['tenant_admin', 'tenant_member'] as const;

const declaration = declareTenancy({
  tables: {
    'app.projects': {
      columns: ['name'],
      read: 'member',
      insert: 'admin',
      update: 'admin',
      delete: 'admin',
    },
    'app.notes': {
      owner: 'author_id',
      hidden: ['score'],
      parents: { project_id: 'app.projects', from: 'app.projects' },
      read: 'member',
      insert: 'self',
      update: 'owner',
      delete: { role: 'owner', scope: 'graphql:write' },
    },
  },
  shared: { 'app.countries': 'member', 'app.chores': 'nobody' },
});

const columns = {
  'app.projects': ['tenant_id', 'id', 'name'],
  'app.notes': ['tenant_id', 'id', 'project_id', 'from', 'author_id', 'body', 'score'],
  'app.countries': ['code', 'name'],
  'app.chores': ['id'],
};

function tablesOf(wanted: TenancyDeclaration): readonly HasuraTable[] {
  return hasuraMetadata(hasuraRules(wanted), columns).sources[0].tables;
}

describe('the metadata for Hasura', () => {
  const metadata = hasuraMetadata(hasuraRules(declaration), columns);
  const [countries, notes, projects, ...others] = tablesOf(declaration);

  test('is one source of version 3, with the tables that somebody may reach, sorted', () => {
    expect({
      ...metadata,
      sources: metadata.sources.map(({ tables: _tables, ...source }) => source),
    }).toEqual({
      version: 3,
      sources: [
        {
          name: 'strata',
          kind: 'postgres',
          configuration: {
            connection_info: { database_url: { from_env: 'STRATA_DATABASE_URL' } },
          },
        },
      ],
    });
    expect([countries, notes, projects].map((table) => table?.table.name)).toEqual([
      'countries',
      'notes',
      'projects',
    ]);
    expect(others).toEqual([]);
  });

  test('filters by tenant and owner, sets both, hides what is hidden, and relates with the tenant', () => {
    const visible = ['tenant_id', 'id', 'project_id', 'from', 'author_id', 'body'];
    const set = { tenant_id: 'X-Hasura-Tenant-Id' };
    const mine = { ...set, author_id: 'X-Hasura-User-Id' };
    const given = ['id', 'project_id', 'from', 'body'];
    expect(notes).toEqual({
      table: { schema: 'app', name: 'notes' },
      object_relationships: [
        { name: 'from_row', using: { foreign_key_constraint_on: ['tenant_id', 'from'] } },
        { name: 'project', using: { foreign_key_constraint_on: ['tenant_id', 'project_id'] } },
      ],
      array_relationships: [],
      select_permissions: roles.map((role) => ({
        role,
        permission: { columns: visible, filter: tenant, allow_aggregations: true },
      })),
      insert_permissions: roles.map((role) => ({
        role,
        permission: { check: own, set: mine, columns: given, backend_only: false },
      })),
      update_permissions: [
        {
          role: 'tenant_admin',
          permission: {
            filter: tenant,
            check: tenant,
            set,
            columns: ['id', 'project_id', 'from', 'author_id', 'body'],
            backend_only: false,
          },
        },
        {
          role: 'tenant_member',
          permission: { filter: own, check: own, set: mine, columns: given, backend_only: false },
        },
      ],
      delete_permissions: [
        { role: 'tenant_admin', permission: { filter: tenant, backend_only: false } },
        { role: 'tenant_member', permission: { filter: own, backend_only: false } },
      ],
    });
  });

  test('leaves it to the database what it may not write itself, and to members what is for admins', () => {
    const admin = { role: 'tenant_admin' };
    const write = { set: {}, columns: ['name'], backend_only: false };
    expect(projects).toEqual({
      table: { schema: 'app', name: 'projects' },
      object_relationships: [],
      array_relationships: [
        {
          name: 'notes_by_from_row',
          using: {
            foreign_key_constraint_on: {
              table: { schema: 'app', name: 'notes' },
              columns: ['tenant_id', 'from'],
            },
          },
        },
        {
          name: 'notes_by_project',
          using: {
            foreign_key_constraint_on: {
              table: { schema: 'app', name: 'notes' },
              columns: ['tenant_id', 'project_id'],
            },
          },
        },
      ],
      select_permissions: roles.map((role) => ({
        role,
        permission: {
          columns: ['tenant_id', 'id', 'name'],
          filter: tenant,
          allow_aggregations: true,
        },
      })),
      insert_permissions: [{ ...admin, permission: { check: tenant, ...write } }],
      update_permissions: [{ ...admin, permission: { filter: tenant, check: tenant, ...write } }],
      delete_permissions: [{ ...admin, permission: { filter: tenant, backend_only: false } }],
    });
  });

  test('shows every row of a shared table, to read', () => {
    expect(countries).toEqual({
      table: { schema: 'app', name: 'countries' },
      object_relationships: [],
      array_relationships: [],
      select_permissions: roles.map((role) => ({
        role,
        permission: { columns: ['code', 'name'], filter: {}, allow_aggregations: true },
      })),
      insert_permissions: [],
      update_permissions: [],
      delete_permissions: [],
    });
  });

  test('shows nothing whose reading needs a scope that Hasura cannot ask for', () => {
    const read = (scope: 'graphql:read' | 'services:read'): number | undefined =>
      tablesOf({
        tables: {
          'app.projects': {
            read: { role: 'member', scope },
            insert: 'nobody',
            update: 'nobody',
            delete: 'nobody',
          },
        },
      })[0]?.select_permissions.length;
    expect(read('services:read')).toBe(0);
    expect(read('graphql:read')).toBe(2);
  });

  test('shows nothing where what is to be hidden is misspelt', () => {
    const known = {
      ...columns,
      'app.notes': columns['app.notes'].filter((one) => one !== 'score'),
    };
    expect(() => hasuraMetadata(hasuraRules(declaration), known)).toThrow(
      'app.notes has no column score, which tenancy.ts names',
    );
  });

  test('needs the columns of each table', () => {
    expect(() => hasuraMetadata(hasuraRules(declaration), {})).toThrow(
      'app.countries is declared in tenancy.ts but has no columns here',
    );
  });
});
