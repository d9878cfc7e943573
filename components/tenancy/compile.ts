import { UserError } from '../../engine/errors';
import { checkAudience, defaultAudience, tableFor, type Audience } from './audience';
import { anyMember, condition, floor, hasuraQuery, lock } from './conditions';
import type { SharedRule, TableRules, TenancyDeclaration } from './declaration';
import { quoteName } from './identifiers';
import { declarationProblems } from './problems';
import { roleOf } from './rules';
import { except, type TableFence } from './statements';

type Named = Record<string, string>;

/**
 * What a declaration means for Postgres: for each table its policies, grants and triggers, sorted by table.
 *
 * Pure: the same declaration gives the same output, in whatever order it is written. Each policy that permits has a
 * restrictive floor below it, so that no policy added later can reach another tenant, and where the audience is one
 * tenant a restrictive lock as well. Throws one error that lists everything that is wrong with the declaration.
 */
export function compileTenancy(
  declaration: TenancyDeclaration,
  audience: Audience = defaultAudience,
): TableFence[] {
  checkDeclaration(declaration);
  checkAudience(audience);
  return [
    ...Object.entries(declaration.tables).map(([table, rules]) => ({
      table: tableFor(table, audience),
      policies: {
        ...tenantPolicies(rules, audience),
        ...(audience.hasura && hasuraPolicies(rules)),
        ...maintenancePolicy,
      },
      grants: grants(rules, audience),
      triggers: { ...auditTriggers, ...holdTrigger },
    })),
    ...Object.entries(declaration.shared ?? {}).map(([table, rule]) =>
      sharedFence(tableFor(table, audience), rule, audience),
    ),
  ].sort((a, b) => (a.table < b.table ? -1 : 1));
}

/** Throws one error that lists everything that is wrong with the declaration. */
export function checkDeclaration(declaration: TenancyDeclaration): void {
  const problems = declarationProblems(declaration);
  if (problems.length > 0) {
    throw new UserError(
      `The declaration in tenancy.ts:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

function tenantPolicies(rules: TableRules, audience: Audience): Named {
  const to = `to ${audience.role}`;
  const only = lock(audience);
  return {
    ...permitted('tenant', to, rules, (condition) => condition),
    tenant_floor: `as restrictive for all ${to} using (${floor}) with check (${floor})`,
    ...(only && {
      tenant_lock: `as restrictive for all ${to} using (${only}) with check (${only})`,
    }),
  };
}

function hasuraPolicies(rules: TableRules): Named {
  const to = 'to strata_hasura';
  return {
    ...permitted('hasura', to, rules, (condition) => `${hasuraQuery} or (${condition})`),
    hasura_floor_read: `as restrictive for select ${to} using (${hasuraQuery} or (${floor}))`,
    hasura_floor_insert: `as restrictive for insert ${to} with check (${floor})`,
    hasura_floor_update: `as restrictive for update ${to} using (${floor}) with check (${floor})`,
    hasura_floor_delete: `as restrictive for delete ${to} using (${floor})`,
  };
}

/** A policy for each command that somebody may do; `bend` changes the condition of reading. */
function permitted(
  prefix: string,
  to: string,
  rules: TableRules,
  bend: (condition: string) => string,
): Named {
  const read = condition(rules, rules.read);
  const insert = condition(rules, rules.insert);
  const update = condition(rules, rules.update);
  const remove = condition(rules, rules.delete);
  return {
    ...(read && { [`${prefix}_read`]: `for select ${to} using (${bend(read)})` }),
    ...(insert && { [`${prefix}_insert`]: `for insert ${to} with check (${insert})` }),
    ...(update && {
      [`${prefix}_update`]: `for update ${to} using (${update}) with check (${update})`,
    }),
    ...(remove && { [`${prefix}_delete`]: `for delete ${to} using (${remove})` }),
  };
}

/**
 * Never TRUNCATE (it skips policies), REFERENCES (it probes for rows) or TRIGGER (it runs code as others).
 *
 * Hasura is granted hidden columns too: it answers mutations with RETURNING * (its server/notes/
 * mutation-output-expression.md, read 2026-11-21). Its metadata leaves them out.
 */
function grants(rules: TableRules, audience: Audience): Record<string, string[]> {
  const { columns, hidden = [] } = rules;
  const written = columns ? ` (${columns.map(quoteName).join(', ')})` : except(hidden);
  const clients = (readable: string): string[] => [
    ...(roleOf(rules.read) === 'nobody' ? [] : [`select${readable}`]),
    ...(roleOf(rules.insert) === 'nobody' ? [] : [`insert${written}`]),
    ...(roleOf(rules.update) === 'nobody' ? [] : [`update${written}`]),
    ...(roleOf(rules.delete) === 'nobody' ? [] : ['delete']),
  ];
  return {
    ...granted(audience, clients(except(hidden)), clients('')),
    strata_maintenance: ['select', 'insert', 'update', 'delete'],
  };
}

function granted(
  { role, hasura }: Audience,
  toTenants: string[],
  toHasura: string[],
): Record<string, string[]> {
  return {
    ...(toTenants.length > 0 && { [role]: toTenants }),
    ...(hasura && toHasura.length > 0 && { strata_hasura: toHasura }),
  };
}

/** No tenant's rows: nothing to keep apart, and nobody but maintenance writes. */
function sharedFence(table: string, rule: SharedRule, audience: Audience): TableFence {
  const select = rule === 'nobody' ? [] : ['select'];
  return {
    table,
    shared: true,
    policies: {
      ...(rule === 'member' && {
        tenant_read: `for select to ${audience.role} using (${anyMember})`,
        ...(audience.hasura && {
          hasura_read: `for select to strata_hasura using (${hasuraQuery} or ${anyMember})`,
        }),
      }),
      ...maintenancePolicy,
    },
    grants: {
      ...granted(audience, select, [...select]),
      strata_maintenance: ['select', 'insert', 'update', 'delete'],
    },
    triggers: {},
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

/** Writers wait, or are sent away, while their tenant is moved to another place. */
const holdTrigger = {
  strata_hold:
    'after insert or update or delete on TABLE for each statement execute function tenancy.hold()',
};
