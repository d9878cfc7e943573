import type { Catalogue, Policy, Relation } from './catalogue';
import { type Finding, findingsOf, sql } from './finding';
import {
  clientsOf,
  isTable,
  keepers,
  platformSchemas,
  servesRequests,
  tenantOf,
  tenantTables,
} from './names';
import { demands, keepsToTenant, withoutBranch } from './predicate';

const predicates = findingsOf(4);
const checks = findingsOf(5);

/** How the conditions of a fence are written. */
export const ofMember = 'tenant_id = (select tenancy.member_tenant_id())';
export const hasuraQuery = 'not (select tenancy.has_claims())';

/**
 * Whether a condition that holds for `role` keeps to one tenant. Hasura's queries say no tenant, and its metadata
 * filters them: one branch of its reading policies is for them, and no other policy may have it.
 */
export function keepsRole(
  { schema }: Relation,
  { command, roles }: Policy,
  condition: string | null,
): boolean {
  const own = tenantOf(schema);
  const hasura = command === 'r' && roles.every((role) => role === 'strata_hasura');
  const rest = hasura ? withoutBranch(condition, 'NOT tenancy.has_claims()') : null;
  return keepsToTenant(rest ?? condition, own);
}

/** 4: no policy lets through what is not the tenant's, and none is for everybody. */
export function conditions(catalogue: Catalogue): Finding[] {
  const tables = tenantTables(catalogue);
  const others = catalogue.relations.filter(
    (relation) =>
      isTable(relation) && platformSchemas.has(relation.schema) && !tables.includes(relation),
  );
  return [
    ...tables.flatMap((table) => permissive(table).flatMap((policy) => openPolicy(table, policy))),
    ...others.flatMap((table) => permissive(table).flatMap((policy) => unguarded(table, policy))),
  ];
}

function openPolicy(table: Relation, policy: Policy): Finding[] {
  const { ref } = table;
  const { name, roles } = policy;
  if (onlyKeepers(policy)) return unguarded(table, policy);
  if (roles.includes('public')) {
    return [
      predicates(
        'policy-for-everybody',
        ref,
        `policy ${name} is for everybody, so for every login that is ever granted something here`,
        sql(`alter policy ${name} on ${ref} to ${clientsOf(table).join(', ')}`),
      ),
    ];
  }
  if (policy.command === 'a' || keepsRole(table, policy, policy.using)) return [];
  return [
    predicates(
      isTrue(policy.using) ? 'predicate-true' : 'predicate-open',
      ref,
      `policy ${name} (${roles.join(', ')}) shows rows that are not the session's tenant's: using ${policy.using ?? 'nothing'}`,
      sql(`alter policy ${name} on ${ref} using (${narrowed(table, policy, policy.using)})`),
    ),
  ];
}

/** Of the platform's own roles: maintenance has all rows; a function of the owner says in whose session it has any. */
function unguarded({ ref, schema }: Relation, policy: Policy): Finding[] {
  const { name, roles } = policy;
  const [only = ''] = roles;
  if (roles.length === 1 && only === 'strata_maintenance') return [];
  if (
    roles.length === 1 &&
    only === 'strata_auditor' &&
    schema === 'audit' &&
    policy.command === 'r'
  ) {
    return [];
  }
  const open = [policy.using, policy.check].some((one) => one !== null && !demands(one, guards));
  if (!open && roles.every((role) => role === 'strata_owner')) return [];
  return [
    predicates(
      isTrue(policy.using) ? 'predicate-true' : 'predicate-open',
      ref,
      `policy ${name} (${roles.join(', ')}) of a table of the platform opens it further than to maintenance, or to functions of the owner in sessions that it names`,
      sql(`drop policy ${name} on ${ref}`),
    ),
  ];
}

/** What tells whose session it is: the login, a trigger's, or the tenant that it acts for. */
function guards(leaf: string): boolean {
  return (
    leaf.startsWith('SESSION_USER = ') ||
    leaf === 'pg_trigger_depth() > 0' ||
    /^(?:tenant_)?id = tenancy\.current_tenant_id\(\)$/.test(leaf)
  );
}

/** 5: policies by which rows are written check the rows as they become. */
export function writeChecks(catalogue: Catalogue): Finding[] {
  return tenantTables(catalogue).flatMap((table) =>
    permissive(table)
      .filter((policy) => 'aw*'.includes(policy.command) && !onlyKeepers(policy))
      .flatMap((policy) => written(table, policy)),
  );
}

function written(table: Relation, policy: Policy): Finding[] {
  const { ref } = table;
  const { name, roles } = policy;
  const mend = (condition: string): Finding['remedy'] =>
    sql(`alter policy ${name} on ${ref} with check (${condition})`);
  if (policy.check === null) {
    return [
      checks(
        'check-missing',
        ref,
        `policy ${name} (${roles.join(', ')}) has no WITH CHECK: what rows become rests on what they were`,
        mend(narrowed(table, policy, policy.using)),
      ),
    ];
  }
  if (keepsRole(table, { ...policy, command: 'a' }, policy.check)) return [];
  return [
    checks(
      'check-open',
      ref,
      `policy ${name} (${roles.join(', ')}) lets a row be written that is not the session's tenant's: with check ${policy.check}`,
      mend(narrowed(table, policy, policy.check)),
    ),
  ];
}

/** The same condition, for rows of the tenant only. */
function narrowed({ schema }: Relation, policy: Policy, condition: string | null): string {
  const own = tenantOf(schema);
  const rows = own === undefined ? ofMember : `${ofMember} and tenant_id = '${own}'::uuid`;
  const hasura = policy.command === 'r' && policy.roles.includes('strata_hasura');
  const inner = `${rows}${condition === null || isTrue(condition) ? '' : ` and (${condition})`}`;
  return hasura ? `${hasuraQuery} or (${inner})` : inner;
}

function permissive({ policies }: Relation): Policy[] {
  return policies.filter((policy) => policy.permissive);
}

function onlyKeepers({ roles }: Policy): boolean {
  return roles.every((role) => keepers.has(role) || !(servesRequests(role) || role === 'public'));
}

function isTrue(condition: string | null): boolean {
  return condition === 'true';
}
