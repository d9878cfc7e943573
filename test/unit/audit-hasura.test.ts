import { describe, expect, test } from 'vitest';
import type { Finding } from '../../provider/audit/finding';
import { hasuraFindings } from '../../provider/audit/hasura';
import { hasuraVersion, postgresVersion } from '../../provider/audit/versions';

const own = { tenant_id: { _eq: 'X-Hasura-Tenant-Id' } };
const role = 'tenant_member';

function table(changes: object = {}, name = 'notes', schema = 'app'): object {
  return {
    table: { schema, name },
    select_permissions: [
      { role, permission: { columns: ['id', 'body'], filter: own, allow_aggregations: true } },
    ],
    insert_permissions: [
      {
        role,
        permission: { columns: ['body'], check: own, set: { tenant_id: 'x-hasura-tenant-id' } },
      },
    ],
    update_permissions: [{ role, permission: { columns: ['body'], filter: own, check: own } }],
    delete_permissions: [{ role, permission: { filter: { _and: [own, { body: { _neq: '' } }] } } }],
    object_relationships: [
      { name: 'project', using: { foreign_key_constraint_on: ['tenant_id', 'project_id'] } },
    ],
    array_relationships: [
      {
        name: 'replies',
        using: {
          manual_configuration: {
            remote_table: { schema: 'app', name: 'notes' },
            column_mapping: { tenant_id: 'tenant_id', id: 'parent_id' },
          },
        },
      },
      {
        name: 'comments',
        using: {
          foreign_key_constraint_on: {
            table: { schema: 'app', name: 'comments' },
            columns: ['tenant_id', 'note_id'],
          },
        },
      },
    ],
    ...changes,
  };
}

function metadata(...tables: object[]): object {
  return { version: 3, sources: [{ name: 'default', kind: 'postgres', tables }] };
}

const tables = ['app.notes'];

function labels(found: readonly Finding[]): string[] {
  return found.map(({ check, id, object }) => `${String(check)} ${id} ${object}`);
}

test('metadata in which every permission keeps to the tenant has no findings', () => {
  expect(hasuraFindings(metadata(table()), tables)).toEqual([]);
  expect(hasuraFindings({ resource_version: 7, metadata: metadata(table()) }, tables)).toEqual([]);
  const byDefault = {
    insert_permissions: [{ role, permission: { columns: ['body'], check: own } }],
  };
  expect(hasuraFindings(metadata(table(byDefault)), tables)).toEqual([]);
});

test('a table without tenants may be read by everybody, and written by nobody', () => {
  const open = { columns: ['body'], filter: {} };
  const select = { select_permissions: [{ role, permission: open }] };
  const none = { insert_permissions: [], update_permissions: [], delete_permissions: [] };
  expect(hasuraFindings(metadata(table({ ...none, ...select })), [], tables)).toEqual([]);
  const remove = { delete_permissions: [{ role, permission: { filter: {} } }] };
  expect(
    labels(hasuraFindings(metadata(table({ ...none, ...select, ...remove })), [], tables)),
  ).toEqual(['14 hasura-filter app.notes']);
});

const select = (filter: unknown): object => ({
  select_permissions: [{ role, permission: { columns: ['id'], filter } }],
});

describe('what opens metadata is found', () => {
  test.each<[string, string, object]>([
    ['no filter', 'hasura-filter', select({})],
    ['a filter that is missing', 'hasura-filter', select(undefined)],
    [
      'a filter by something else',
      'hasura-filter',
      select({ author_id: { _eq: 'X-Hasura-User-Id' } }),
    ],
    [
      'a filter by another operator',
      'hasura-filter',
      select({ tenant_id: { _neq: 'X-Hasura-Tenant-Id' } }),
    ],
    [
      'a constant tenant',
      'hasura-filter',
      select({ tenant_id: { _eq: '00000000-0000-4000-8000-000000000000' } }),
    ],
    [
      'a branch beside the tenant',
      'hasura-filter',
      select({ _or: [own, { public: { _eq: true } }] }),
    ],
    ['no branch at all', 'hasura-filter', select({ _or: [] })],
    ['not the tenant', 'hasura-filter', select({ _not: own })],
    ['the tenant of a related row', 'hasura-filter', select({ project: own })],
    [
      'deleting everything',
      'hasura-filter',
      { delete_permissions: [{ role, permission: { filter: {} } }] },
    ],
    [
      'changing everything',
      'hasura-filter',
      { update_permissions: [{ role, permission: { columns: ['body'], filter: {}, check: own } }] },
    ],
    [
      'a row that becomes another’s',
      'hasura-check',
      {
        update_permissions: [{ role, permission: { columns: ['body'], filter: own, check: null } }],
      },
    ],
    [
      'a tenant that may be changed',
      'hasura-column',
      { update_permissions: [{ role, permission: { columns: '*', filter: own, check: own } }] },
    ],
    [
      'an insert without a check',
      'hasura-check',
      {
        insert_permissions: [
          {
            role,
            permission: { columns: ['body'], check: {}, set: { tenant_id: 'X-Hasura-Tenant-Id' } },
          },
        ],
      },
    ],
    [
      'an insert without a preset',
      'hasura-preset',
      {
        insert_permissions: [{ role, permission: { columns: ['body', 'tenant_id'], check: own } }],
      },
    ],
    [
      'an insert of whatever columns without a preset',
      'hasura-preset',
      { insert_permissions: [{ role, permission: { check: own } }] },
    ],
    [
      'a preset that is a constant',
      'hasura-column',
      {
        insert_permissions: [
          { role, permission: { columns: ['body'], check: own, set: { tenant_id: 'x' } } },
        ],
      },
    ],
    [
      'a relationship by one column',
      'hasura-relationship',
      {
        object_relationships: [
          { name: 'project', using: { foreign_key_constraint_on: 'project_id' } },
        ],
      },
    ],
    [
      'a relationship that is mapped without the tenant',
      'hasura-relationship',
      {
        array_relationships: [
          {
            name: 'all',
            using: {
              manual_configuration: { remote_table: 'notes', column_mapping: { id: 'parent_id' } },
            },
          },
        ],
      },
    ],
    [
      'a relationship to another source',
      'hasura-relationship',
      {
        remote_relationships: [
          {
            name: 'far',
            definition: {
              to_source: { source: 'other', table: 'notes', field_mapping: { id: 'id' } },
            },
          },
        ],
      },
    ],
  ])('%s', (_name, id, changes) => {
    expect(labels(hasuraFindings(metadata(table(changes)), tables))).toContain(
      `14 ${id} app.notes`,
    );
  });

  test.each([
    ['14 hasura-undeclared app.secrets', table({}, 'secrets')],
    ['14 hasura-foreign-table registry.users', table({}, 'users', 'registry')],
    ['14 hasura-foreign-table public.notes', { ...table(), table: 'notes' }],
    [
      `14 hasura-tenant-schema t_${'a'.repeat(32)}.notes`,
      table({}, 'notes', `t_${'a'.repeat(32)}`),
    ],
  ])('%s', (label, tracked) => {
    expect(labels(hasuraFindings(metadata(tracked), tables))).toEqual([label]);
  });

  test('a model of a query that is open', () => {
    const model = {
      name: 'found',
      select_permissions: [{ role, permission: { columns: ['id'], filter: {} } }],
    };
    const exported = { version: 3, sources: [{ name: 'default', logical_models: [model] }] };
    expect(labels(hasuraFindings(exported))).toEqual(['14 hasura-filter model found']);
  });
});

test('what is no metadata is refused', () => {
  expect(() => hasuraFindings({ tables: [] })).toThrow(/no metadata of Hasura, version 3/);
});

test.each([
  ['v2.45.2', 1],
  ['v2.45.3', 0],
  ['2.48.1-ce', 0],
  ['v2.5.9', 1],
  ['v3.0.0', 0],
  ['latest', 1],
])('Hasura %s has %i findings', (version, count) => {
  expect(hasuraVersion(version)).toHaveLength(count);
});

test.each([
  [150013, 1],
  [150014, 0],
  [160009, 1],
  [160010, 0],
  [170005, 1],
  [170006, 0],
  [180000, 0],
  [190001, 0],
  [140020, 1],
])('Postgres %i has %i findings', (version, count) => {
  expect(postgresVersion(version)).toHaveLength(count);
});
