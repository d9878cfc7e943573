import { describe, expect, test } from 'vitest';
import example from '../../app/tenancy';
import { compileTenancy } from '../../components/tenancy/compile';
import { statements, type TableFence } from '../../components/tenancy/statements';

const fence: TableFence = {
  table: 'app.order',
  policies: {
    b: 'for select to strata_tenant using (false)',
    a: 'as restrictive to strata_tenant using (false)',
  },
  grants: { strata_tenant: ['select', 'update ("name")'] },
  triggers: {
    strata_audit:
      'after insert on TABLE referencing new table as new_rows for each statement execute function audit.record()',
  },
};

describe('the statements of a fence', () => {
  const all = statements(fence);

  test('close the table, then put up policies, then grant', () => {
    expect(all.map((statement) => statement.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      'alter table',
      'alter table',
      'do $strata$',
      'do $strata$',
      'do $strata$',
      'create policy',
      'create policy',
      'create trigger',
      'grant select',
      'grant update',
    ]);
    expect(all.slice(0, 2)).toEqual([
      'alter table "app"."order" enable row level security',
      'alter table "app"."order" force row level security',
    ]);
    expect(all.slice(-5)).toEqual([
      'create policy "a" on "app"."order" as restrictive to strata_tenant using (false)',
      'create policy "b" on "app"."order" for select to strata_tenant using (false)',
      'create trigger "strata_audit" after insert on "app"."order" referencing new table as new_rows for each statement execute function audit.record()',
      'grant select on table "app"."order" to "strata_tenant"',
      'grant update ("name") on table "app"."order" to "strata_tenant"',
    ]);
  });

  test('are the same whatever order the names are in', () => {
    const { a = '', b = '' } = fence.policies;
    expect(statements({ ...fence, policies: { a, b } })).toEqual(all);
  });

  test('leave a table without grants when there is nothing to permit', () => {
    const none = statements({ table: 'app.notes', policies: {}, grants: {}, triggers: {} });
    expect(none).toHaveLength(5);
    expect(none.join()).not.toMatch(/\bgrant \w+ on\b/);
  });

  test('exist for every table of the example', () => {
    for (const compiled of compileTenancy(example))
      expect(statements(compiled).length).toBeGreaterThan(20);
  });

  test.each([
    ['a table', { ...fence, table: 'app.x"; drop table app.notes; --' }],
    ['a table without its schema', { ...fence, table: 'notes' }],
    ['a policy', { ...fence, policies: { 'p on app.notes': '' } }],
    ['a role', { ...fence, grants: { 'strata_tenant, public': ['select'] } }],
    ['a trigger', { ...fence, triggers: { 'strata_x"': '' } }],
    [
      'a trigger that is not recognised as ours',
      { ...fence, triggers: { audit: 'after insert on TABLE' } },
    ],
  ])('are refused for a bad name of %s', (_what, bad) => {
    expect(() => statements(bad)).toThrow();
  });
});
