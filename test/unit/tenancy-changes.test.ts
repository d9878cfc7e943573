import { describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import type { TableRules, TenancyDeclaration } from '../../components/tenancy/declaration';
import { table, type TableInputs } from '../../provider/tenancy/table';

const rules: TableRules = {
  owner: 'author_id',
  read: 'member',
  insert: 'self',
  update: 'owner',
  delete: 'owner',
};

function inputsOf(declaration: TenancyDeclaration): TableInputs {
  const [fence] = compileTenancy(declaration);
  if (!fence) throw new Error('nothing is declared');
  const where = {
    url: 'postgresql://strata_migrator@localhost/strata',
    cluster: 'main',
    schema: '1',
  };
  // As the engine gives it back.
  return JSON.parse(JSON.stringify({ ...where, ...fence })) as TableInputs;
}

/** What a preview shows when the rules of a deployed table are changed. */
function changes(changed: Partial<TableRules>): string[] {
  const before = { ...inputsOf({ tables: { 'app.notes': rules } }), applied: 'a', live: 'a' };
  const after = inputsOf({ tables: { 'app.notes': { ...rules, ...changed } } });
  return Object.keys(table.diff(before, after)).sort();
}

describe('a preview of a changed declaration shows exactly what changes', () => {
  test.each<[string, Partial<TableRules>, string[]]>([
    ['nothing', { delete: 'owner' }, []],
    [
      'what says nothing of who may',
      { personal: { body: 'text' }, parents: { note_id: 'app.notes' } },
      [],
    ],
    ['a rule', { delete: 'admin' }, ['policies.hasura_delete', 'policies.tenant_delete']],
    [
      'a scope',
      { read: { role: 'member', scope: 'graphql:read' } },
      ['policies.hasura_read', 'policies.tenant_read'],
    ],
    [
      'a command that nobody has any more',
      { update: 'nobody' },
      [
        'grants.strata_hasura',
        'grants.strata_tenant',
        'policies.hasura_update',
        'policies.tenant_update',
      ],
    ],
    ['a hidden column', { hidden: ['score'] }, ['grants.strata_hasura', 'grants.strata_tenant']],
    [
      'another owner',
      { owner: 'writer_id' },
      ['insert', 'update', 'delete'].flatMap((command) => [
        `policies.hasura_${command}`,
        `policies.tenant_${command}`,
      ]),
    ],
  ])('%s', (_what, changed, expected) => {
    expect(changes(changed)).toEqual([...expected].sort());
  });

  test('a table whose rows become nobody’s', () => {
    const before = { ...inputsOf({ tables: { 'app.notes': rules } }), applied: 'a', live: 'a' };
    const after = inputsOf({ tables: {}, shared: { 'app.notes': 'nobody' } });
    const shown = Object.keys(table.diff(before, after));
    expect(shown).toContain('shared');
    expect(shown.filter((name) => name.startsWith('triggers.')).sort()).toEqual([
      'triggers.strata_audit_delete',
      'triggers.strata_audit_insert',
      'triggers.strata_audit_truncate',
      'triggers.strata_audit_update',
      'triggers.strata_hold',
    ]);
  });
});
