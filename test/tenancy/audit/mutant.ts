/**
 * A catalogue that is broken in one way, and what must be found.
 *
 * `sql` is run by a superuser in a transaction. `t_own` stands for the schema of a tenant that has one, `strata_own` for
 * its role and `"d_own"` for the database of a tenant that has one.
 */
export interface Mutant {
  readonly check: number;
  readonly id: string;
  readonly object: string;
  readonly name: string;
  readonly sql: string;
}

/** Mutants of one check: id, object, name, statement. */
export function mutantsOf(
  check: number,
  rows: readonly (readonly [id: string, object: string, name: string, sql: string])[],
): Mutant[] {
  return rows.map(([id, object, name, sql]) => ({ check, id, object, name, sql }));
}

export const P = 'tenant_id = (select tenancy.current_tenant_id())';
export const member = '(select tenancy.is_tenant_member())';
