import { isPlainName, plainAdvice } from './identifiers';
import { appSchema, checkTenantId } from './places';

/** For whom a declaration is compiled: where a tenant's tables stand, and as whom its requests come to them. */
export interface Audience {
  /** Stands in place of the declaration's `app`. */
  readonly schema: string;
  /** The role that a request becomes. */
  readonly role: string;
  /** The only tenant whose rows the tables hold: a second lock besides the claims of the session. */
  readonly tenantId?: string | undefined;
  /** Whether Hasura works on the tables: on those of shared tenants only. */
  readonly hasura: boolean;
}

/** Tenants that share tables. */
export const defaultAudience: Audience = { schema: appSchema, role: 'strata_tenant', hasura: true };

/** Throws when something of it could not be written into SQL as it is. */
export function checkAudience({ schema, role, tenantId }: Audience): void {
  for (const name of [schema, role]) {
    if (!isPlainName(name)) {
      throw new Error(`${JSON.stringify(name)} is not written into SQL: ${plainAdvice}`);
    }
  }
  if (tenantId !== undefined) checkTenantId(tenantId);
}

/** `app.notes` → `notes` in the audience's schema. */
export function tableFor(table: string, { schema }: Pick<Audience, 'schema'>): string {
  return `${schema}.${table.slice(appSchema.length + 1)}`;
}
