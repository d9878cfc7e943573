import { describe, expect, test } from 'vitest';
import example from '../../app/tenancy';
import { compileTenancy } from '../../components/tenancy/compile';
import { declareTenancy, type TenancyDeclaration } from '../../components/tenancy/declaration';

const member = '"tenant_id" = (select tenancy.member_tenant_id())';
const admin = '"tenant_id" = (select tenancy.admin_tenant_id())';
const self = `${member} and "author_id" = (select tenancy.current_user_id())`;
const owner = `${member} and ("author_id" = (select tenancy.current_user_id()) or (select tenancy.is_tenant_admin()))`;
const query = 'not (select tenancy.has_claims())';

const floors = {
  tenant_floor: `as restrictive for all to strata_tenant using (${member}) with check (${member})`,
  hasura_floor_read: `as restrictive for select to strata_hasura using (${query} or (${member}))`,
  hasura_floor_insert: `as restrictive for insert to strata_hasura with check (${member})`,
  hasura_floor_update: `as restrictive for update to strata_hasura using (${member}) with check (${member})`,
  hasura_floor_delete: `as restrictive for delete to strata_hasura using (${member})`,
  maintenance: 'for all to strata_maintenance using (true) with check (true)',
};

const record = 'for each statement execute function audit.record()';
const triggers = {
  strata_audit_insert: `after insert on TABLE referencing new table as new_rows ${record}`,
  strata_audit_update: `after update on TABLE referencing old table as old_rows new table as new_rows ${record}`,
  strata_audit_delete: `after delete on TABLE referencing old table as old_rows ${record}`,
  strata_audit_truncate: `after truncate on TABLE ${record}`,
  strata_hold:
    'after insert or update or delete on TABLE for each statement execute function tenancy.hold()',
};

const everything = ['select', 'insert', 'update', 'delete'];

describe('the example application', () => {
  const [notes, projects, ...others] = compileTenancy(example);

  test('has two tables, sorted', () => {
    expect([notes?.table, projects?.table]).toEqual(['app.notes', 'app.projects']);
    expect(others).toEqual([]);
  });

  test('lets members read notes, write their own, and admins change all of them', () => {
    expect(notes).toEqual({
      table: 'app.notes',
      policies: {
        tenant_read: `for select to strata_tenant using (${member})`,
        tenant_insert: `for insert to strata_tenant with check (${self})`,
        tenant_update: `for update to strata_tenant using (${owner}) with check (${owner})`,
        tenant_delete: `for delete to strata_tenant using (${owner})`,
        hasura_read: `for select to strata_hasura using (${query} or (${member}))`,
        hasura_insert: `for insert to strata_hasura with check (${self})`,
        hasura_update: `for update to strata_hasura using (${owner}) with check (${owner})`,
        hasura_delete: `for delete to strata_hasura using (${owner})`,
        ...floors,
      },
      grants: {
        strata_tenant: everything,
        strata_hasura: everything,
        strata_maintenance: everything,
      },
      triggers,
    });
  });

  test('lets admins alone write projects, and only their names', () => {
    const privileges = ['select', 'insert ("name")', 'update ("name")', 'delete'];
    expect(projects?.policies.tenant_insert).toBe(
      `for insert to strata_tenant with check (${admin})`,
    );
    expect(projects?.policies.hasura_delete).toBe(`for delete to strata_hasura using (${admin})`);
    expect(projects?.grants).toEqual({
      strata_tenant: privileges,
      strata_hasura: privileges,
      strata_maintenance: everything,
    });
  });
});

describe('a declaration', () => {
  const closed = { read: 'nobody', insert: 'nobody', update: 'nobody', delete: 'nobody' } as const;

  test('means the same in whatever order it is written', () => {
    const { tables } = example;
    const reversed = Object.fromEntries(Object.entries(tables).reverse());
    expect(JSON.stringify(compileTenancy({ tables: reversed }))).toBe(
      JSON.stringify(compileTenancy({ tables })),
    );
  });

  test("leaves to nobody what is nobody's: neither a policy nor a grant", () => {
    const [fence] = compileTenancy(declareTenancy({ tables: { 'app.sealed': closed } }));
    expect(fence?.policies).toEqual(floors);
    expect(fence?.grants).toEqual({ strata_maintenance: everything });
  });

  test('lets only owners and admins read where reading is for owners', () => {
    const [fence] = compileTenancy({
      tables: { 'app.drafts': { ...closed, owner: 'author_id', read: 'owner' } },
    });
    expect(fence?.policies.tenant_read).toBe(`for select to strata_tenant using (${owner})`);
    expect(fence?.policies.hasura_read).toBe(
      `for select to strata_hasura using (${query} or (${owner}))`,
    );
    expect(fence?.grants.strata_tenant).toEqual(['select']);
  });

  test('never lets tenants truncate, refer, add triggers, or be anonymous', () => {
    const text = JSON.stringify(
      compileTenancy(example).map(({ policies, grants }) => ({ policies, grants })),
    );
    expect(text).not.toMatch(/truncate|references|strata_anon|"all"/);
  });

  test('without tables means nothing', () => {
    expect(compileTenancy({ tables: {} })).toEqual([]);
  });

  test.each([
    [
      { 'app.notes': { ...closed, read: 'members' } },
      'app.notes.read is "members"; allowed: nobody, owner, admin, member (did you mean \'member\'?)',
    ],
    [
      { 'app.notes': { ...closed, insert: 'owner' } },
      'app.notes.insert is "owner"; allowed: nobody, self, admin, member',
    ],
    [
      { 'app.notes': { read: 'member', insert: 'member', update: 'member' } },
      'app.notes.delete is missing; allowed: nobody, owner, admin, member',
    ],
    [
      { 'app.notes': { ...closed, raed: 'member' } },
      "app.notes.raed is not known; allowed: owner, columns, hidden, personal, parents, realtime, read, insert, update, delete (did you mean 'read'?)",
    ],
    [
      { 'app.notes': { ...closed, update: 'owner' } },
      "app.notes.update is 'owner' but app.notes.owner names no column",
    ],
    [
      { 'app.notes': { ...closed, insert: 'self' } },
      "app.notes.insert is 'self' but app.notes.owner names no column",
    ],
    [
      { 'app.notes': { ...closed, owner: 'Author' } },
      'app.notes.owner is "Author": a name is of a-z, 0-9 and _',
    ],
    [
      { 'app.notes': { ...closed, owner: 'tenant_id' } },
      'app.notes.owner is "tenant_id": tenant_id is set by the platform',
    ],
    [
      { 'app.notes': { ...closed, columns: [] } },
      'app.notes.columns is []: expected names of columns',
    ],
    [
      { 'app.notes': { ...closed, columns: ['body', 'body'] } },
      'app.notes.columns has "body": it is named twice',
    ],
    [
      { 'app.notes': { ...closed, columns: ['tenant_id'] } },
      'app.notes.columns has "tenant_id": tenant_id is set by the platform',
    ],
    [
      { 'app.notes': { ...closed, columns: ['body") on app.notes to public --'] } },
      'a name is of a-z, 0-9 and _',
    ],
    [{ notes: closed }, '"notes" is not a table with its schema: write app.notes'],
    [
      { 'app.notes; drop table notes': closed },
      '"app.notes; drop table notes" is no name for a table',
    ],
    [{ 'app."notes"': closed }, 'is no name for a table'],
    [
      { 'registry.members': closed },
      '"registry.members" is in the schema "registry": tables of tenants stand in app, as app.members',
    ],
    [{ 'strata.app.notes': closed }, '"strata.app.notes" is not a table with its schema'],
    [{ [`app.${'x'.repeat(64)}`]: closed }, 'has at most 63 characters'],
    [{ 'app.notes': 'member' }, 'app.notes is "member": expected an object'],
  ])('that is wrong is refused: %j', (tables, message) => {
    expect(() => compileTenancy({ tables } as unknown as TenancyDeclaration)).toThrow(message);
  });

  test('is refused with everything that is wrong, at once', () => {
    const wrong = {
      tables: { notes: { read: 'all' }, 'app.x': { ...closed, update: 'owner', extra: 1 } },
      more: 1,
    };
    const lines = messageOf(wrong).split('\n').slice(1);
    expect(lines).toHaveLength(8);
    expect(lines.every((line) => line.startsWith('  - '))).toBe(true);
  });

  test.each([[undefined], [null], [[]], [{}], [{ tables: null }], ['x']])(
    'that is no declaration is refused: %j',
    (value) => {
      expect(messageOf(value)).toContain('expected { tables:');
    },
  );
});

function messageOf(declaration: unknown): string {
  try {
    compileTenancy(declaration as TenancyDeclaration);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}
