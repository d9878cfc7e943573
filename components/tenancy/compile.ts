import { declarationProblems } from './check';
import type { Rule, TableRules, TenancyDeclaration } from './declaration';
import type { TableFence } from './statements';

const tenant = 'tenant_id = (select tenancy.current_tenant_id())';
const admin = '(select tenancy.is_tenant_admin())';

/**
 * Compiles the declaration to one fence a table, sorted by name: the same declaration always gives the same text.
 * Throws one error that names every mistake.
 */
export function compileTenancy(declaration: TenancyDeclaration): TableFence[] {
  const problems = declarationProblems(declaration);
  if (problems.length) {
    throw new Error(`tenancy.ts:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
  return Object.entries(declaration.tables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([table, rules]) => ({
      table,
      policies: { ...tenantPolicies(rules), ...hasuraPolicies(rules), ...maintenancePolicies },
      grants: grants(rules),
      triggers: auditTriggers,
    }));
}

/** What a member may do, and a floor beneath it that holds whatever permissive policy is added later. */
function tenantPolicies(table: TableRules): Record<string, string> {
  return {
    tenant_floor: `as restrictive for all to strata_tenant using (${tenant}) with check (${tenant})`,
    ...commands(table, 'tenant', 'strata_tenant', using(table.read, table)),
  };
}

/**
 * Hasura names the session in mutations only: its reads are fenced by its metadata, and by these policies as soon as a
 * session is named; its writes are fenced like everyone's.
 */
function hasuraPolicies(table: TableRules): Record<string, string> {
  const session = `(select tenancy.current_tenant_id()) is null or ${tenant}`;
  const floor = (command: string, clauses: string): string =>
    `as restrictive for ${command} to strata_hasura ${clauses}`;
  return {
    hasura_insert_floor: floor('insert', `with check (${tenant})`),
    hasura_update_floor: floor('update', `using (${tenant}) with check (${tenant})`),
    hasura_delete_floor: floor('delete', `using (${tenant})`),
    ...commands(table, 'hasura', 'strata_hasura', session),
  };
}

const maintenancePolicies = {
  maintenance: 'as permissive for all to strata_maintenance using (true) with check (true)',
};

function commands(
  table: TableRules,
  prefix: string,
  role: string,
  read: string,
): Record<string, string> {
  const permissive = (command: string, clauses: string): string =>
    `as permissive for ${command} to ${role} ${clauses}`;
  const update = using(table.update, table);
  return {
    [`${prefix}_select`]: permissive('select', `using (${read})`),
    [`${prefix}_insert`]: permissive('insert', `with check (${insertCheck(table)})`),
    [`${prefix}_update`]: permissive('update', `using (${update}) with check (${update})`),
    [`${prefix}_delete`]: permissive('delete', `using (${using(table.delete, table)})`),
  };
}

function using(rule: Rule, table: TableRules): string {
  switch (rule) {
    case 'member':
      return tenant;
    case 'owner':
      return `${tenant} and (${own(table)} or ${admin})`;
    case 'admin':
      return `${tenant} and ${admin}`;
    case 'nobody':
      return 'false';
  }
}

function insertCheck(table: TableRules): string {
  return table.insert === 'owner' ? `${tenant} and ${own(table)}` : using(table.insert, table);
}

function own({ owner = '' }: TableRules): string {
  return `${owner} = (select tenancy.current_user_id())`;
}

/** Only commands that a rule allows to somebody. */
function grants(table: TableRules): Record<string, string[]> {
  const allowed = [
    ...(table.read === 'nobody' ? [] : ['select']),
    ...(table.insert === 'nobody' ? [] : ['insert']),
    ...(table.update === 'nobody' ? [] : ['update']),
    ...(table.delete === 'nobody' ? [] : ['delete']),
  ];
  return {
    strata_tenant: allowed,
    strata_hasura: allowed,
    strata_maintenance: ['select', 'insert', 'update', 'delete'],
  };
}

const auditTriggers = {
  audit_insert:
    'after insert on TABLE referencing new table as changed for each statement execute function audit.record()',
  audit_update:
    'after update on TABLE referencing new table as changed for each statement execute function audit.record()',
  audit_delete:
    'after delete on TABLE referencing old table as changed for each statement execute function audit.record()',
};
