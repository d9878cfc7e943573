import type { RowRule, Rule } from '../../../../tenancy/declaration';
import { roleOf, scopeOf } from '../../../../tenancy/rules';
import type { Session } from '../../shared/token';

/**
 * Whether a session could read a row of its own tenant by the declaration's rule: what policies say of a row that is
 * there, said of one that is gone. `owner` is whose it was.
 */
export function couldRead(
  { userId, role, scopes }: Session,
  rule: Rule<RowRule>,
  owner: string | undefined,
): boolean {
  if (!isOpenTo(scopes, scopeOf(rule))) return false;
  const isAdmin = role === 'tenant_admin';
  switch (roleOf(rule)) {
    case 'member':
      return true;
    case 'admin':
      return isAdmin;
    case 'owner':
      return isAdmin || owner === userId;
    case 'nobody':
      return false;
  }
}

/** A person's token has no scopes and is not limited by them. */
function isOpenTo(held: Session['scopes'], asked: string | undefined): boolean {
  if (held === undefined || asked === undefined) return true;
  const [area] = asked.split(':');
  return held.includes(asked) || held.includes(`${area}:*`);
}
