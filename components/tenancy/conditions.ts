import type { Audience } from './audience';
import type { InsertRule, RowRule, Rule, TableRules } from './declaration';
import { quoteName } from './identifiers';
import { ownerOf, roleOf, scopeOf } from './rules';

/**
 * The SQL that decides about a row. Subqueries without a row's columns run once for each statement instead of once for
 * each row; each costs a statement of one row about as much as finding that row, so one says both tenant and role.
 */

/** Someone who belongs to the row's tenant; who is no member has no tenant here. */
export const floor = '"tenant_id" = (select tenancy.member_tenant_id())';

const byAdmin = '"tenant_id" = (select tenancy.admin_tenant_id())';
const isAdmin = '(select tenancy.is_tenant_admin())';

/** Someone who belongs to any tenant. */
export const anyMember = '(select tenancy.is_tenant_member())';

/** Hasura says whom it acts for in mutations only; its queries are filtered by the permissions in its metadata. */
export const hasuraQuery = 'not (select tenancy.has_claims())';

/** The one tenant of a table that no other tenant's rows may enter; undefined where tenants share it. */
export function lock({ tenantId }: Audience): string | undefined {
  return tenantId && `"tenant_id" = '${tenantId}'::uuid`;
}

/** Whom a rule lets at a row: at one that is there, or at one that is to be. Undefined when nobody may. */
export function condition(rules: TableRules, rule: Rule<RowRule | InsertRule>): string | undefined {
  switch (roleOf(rule)) {
    case 'nobody':
      return undefined;
    case 'member':
      return scoped(floor, rule);
    case 'admin':
      return scoped(byAdmin, rule);
    case 'owner':
      return scoped(`${floor} and (${owned(rules)} or ${isAdmin})`, rule);
    case 'self':
      return scoped(`${floor} and ${owned(rules)}`, rule);
  }
}

function owned(rules: TableRules): string {
  return `${quoteName(ownerOf(rules))} = (select tenancy.current_user_id())`;
}

/** A person's claims have no scopes; those of an API key always have, and a key with `area:*` may do both. */
function scoped(whose: string, rule: Rule<string>): string {
  const scope = scopeOf(rule);
  if (scope === undefined) return whose;
  const [area] = scope.split(':');
  const claims = 'tenancy.session_claims()';
  const held = `string_to_array(${claims} ->> 'x-hasura-scopes', ' ') && array['${scope}', '${area}:*']`;
  return `${whose} and (select not ${claims} ? 'x-hasura-scopes' or ${held})`;
}
