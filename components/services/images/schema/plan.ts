import type { TableFence } from '../../../tenancy/statements';

/** What the schema job brings into a database: everything that `strata:data:Schema` registers as resources. */
export interface SchemaPlan {
  /** Statements of the admin that may be repeated. */
  readonly setup: readonly string[];
  readonly migrations: readonly {
    readonly scope: 'platform' | 'app';
    readonly name: string;
    readonly sql: string;
    readonly role?: string | undefined;
  }[];
  /** Roles whose passwords are given by files named `<ROLE>_PASSWORD_FILE`. */
  readonly logins: readonly string[];
  readonly tenants: readonly {
    readonly slug: string;
    readonly name: string;
    readonly members: readonly { readonly user: string; readonly role: 'admin' | 'member' }[];
  }[];
  readonly fences: readonly TableFence[];
  readonly schemaVersion: string;
}
