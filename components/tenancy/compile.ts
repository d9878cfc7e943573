import { UserError } from '../../engine/errors';
import type { InsertRule, RowRule, TableRules, TenancyDeclaration } from './declaration';
import { quoteName } from './identifiers';
import { declarationProblems } from './problems';
import type { TableFence } from './statements';

/** Subqueries without arguments run once for each statement instead of once for each row. */
const inTenant = '"tenant_id" = (select tenancy.current_tenant_id())';
const isMember = '(select tenancy.is_tenant_member())';
const isAdmin = '(select tenancy.is_tenant_admin())';
const floor = `${inTenant} and ${isMember}`;
const isUser = '(select tenancy.current_user_id())';

/** Hasura says whom it acts for in mutations only; its queries are filtered by the permissions in its metadata. */
const hasuraQuery = 'not (select tenancy.has_claims())';

/**
 * What a declaration means for Postgres: for each table its policies, grants and audit triggers, sorted by table.
 *
 * Pure: the same declaration gives the same output, in whatever order its tables stand. Each policy that permits has a
 * restrictive floor below it, so that no policy added later can reach another tenant. Throws one error that lists
 * everything that is wrong with the declaration.
 */
export function compileTenancy(declaration: TenancyDeclaration): TableFence[] {
  const problems = declarationProblems(declaration);
  if (problems.length > 0) {
    throw new UserError(
      `The declaration in tenancy.ts:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  return Object.entries(declaration.tables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([table, rules]) => ({
      table,
      policies: { ...tenantPolicies(rules), ...hasuraPolicies(rules), ...maintenancePolicy },
      grants: grants(rules),
      triggers: auditTriggers,
    }));
}

function tenantPolicies(rules: TableRules): Record<string, string> {
  const to = 'to strata_tenant';
  return {
    ...permitted('tenant', to, rules, (condition) => condition),
    tenant_floor: `as restrictive for all ${to} using (${floor}) with check (${floor})`,
  };
}

function hasuraPolicies(rules: TableRules): Record<string, string> {
  const to = 'to strata_hasura';
  return {
    ...permitted('hasura', to, rules, (condition) => `${hasuraQuery} or (${condition})`),
    hasura_floor_read: `as restrictive for select ${to} using (${hasuraQuery} or (${floor}))`,
    hasura_floor_insert: `as restrictive for insert ${to} with check (${floor})`,
    hasura_floor_update: `as restrictive for update ${to} using (${floor}) with check (${floor})`,
    hasura_floor_delete: `as restrictive for delete ${to} using (${floor})`,
  };
}

/** A policy for each command that somebody may do; `read` bends the condition of reading. */
function permitted(
  prefix: string,
  to: string,
  rules: TableRules,
  read: (condition: string) => string,
): Record<string, string> {
  const policies: Record<string, string> = {};
  if (rules.read !== 'nobody') {
    policies[`${prefix}_read`] =
      `for select ${to} using (${read(rowCondition(rules, rules.read))})`;
  }
  if (rules.insert !== 'nobody') {
    policies[`${prefix}_insert`] =
      `for insert ${to} with check (${insertCondition(rules, rules.insert)})`;
  }
  if (rules.update !== 'nobody') {
    const condition = rowCondition(rules, rules.update);
    policies[`${prefix}_update`] =
      `for update ${to} using (${condition}) with check (${condition})`;
  }
  if (rules.delete !== 'nobody') {
    policies[`${prefix}_delete`] = `for delete ${to} using (${rowCondition(rules, rules.delete)})`;
  }
  return policies;
}

function rowCondition(rules: TableRules, rule: Exclude<RowRule, 'nobody'>): string {
  switch (rule) {
    case 'member':
      return floor;
    case 'admin':
      return `${inTenant} and ${isAdmin}`;
    case 'owner':
      return `${floor} and (${owned(rules)} or ${isAdmin})`;
  }
}

function insertCondition(rules: TableRules, rule: Exclude<InsertRule, 'nobody'>): string {
  return rule === 'self' ? `${floor} and ${owned(rules)}` : rowCondition(rules, rule);
}

function owned({ owner }: TableRules): string {
  if (owner === undefined) throw new Error('a rule about owners needs the column that names them');
  return `${quoteName(owner)} = ${isUser}`;
}

/** Never TRUNCATE (it skips policies), REFERENCES (it probes for rows) or TRIGGER (it runs code as others). */
function grants(rules: TableRules): Record<string, string[]> {
  const columns = rules.columns ? ` (${rules.columns.map(quoteName).join(', ')})` : '';
  const clients = [
    ...(rules.read === 'nobody' ? [] : ['select']),
    ...(rules.insert === 'nobody' ? [] : [`insert${columns}`]),
    ...(rules.update === 'nobody' ? [] : [`update${columns}`]),
    ...(rules.delete === 'nobody' ? [] : ['delete']),
  ];
  return {
    ...(clients.length > 0 && { strata_tenant: clients, strata_hasura: [...clients] }),
    strata_maintenance: ['select', 'insert', 'update', 'delete'],
  };
}

const maintenancePolicy = {
  maintenance: 'for all to strata_maintenance using (true) with check (true)',
};

const record = 'for each statement execute function audit.record()';
const before = 'referencing old table as old_rows';
const after = 'new table as new_rows';

const auditTriggers = {
  strata_audit_insert: `after insert on TABLE referencing ${after} ${record}`,
  strata_audit_update: `after update on TABLE ${before} ${after} ${record}`,
  strata_audit_delete: `after delete on TABLE ${before} ${record}`,
  strata_audit_truncate: `after truncate on TABLE ${record}`,
};
