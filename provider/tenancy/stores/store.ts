import type { Contents, Sink } from '../export-folder';
import type { Source } from '../export-read';
import type { Tenant } from '../tenant';

/** How a copy is made. */
export interface ExportOptions {
  /** What personal values are replaced with is derived from it; undefined: everything is copied as it is. */
  readonly salt?: string | undefined;
}

/** A person of a tenant, and the files that only this person may see. */
interface Person {
  readonly userId: string;
  readonly privateFiles: readonly string[];
}

/**
 * A place where something of tenants is kept: Postgres, the object store, Redis. Everything may be done again after an
 * interruption.
 */
export interface TenantStore {
  /** For people: in progress and errors. */
  readonly name: string;
  /** Makes what a tenant needs here. */
  provision(tenant: Tenant): Promise<void>;
  /** Writes what the tenant has here, the same bytes for the same contents, and says what that was. */
  export(tenant: Tenant, to: Sink, options: ExportOptions): Promise<Partial<Contents>>;
  /** Brings what is exported to a tenant that nobody uses yet, in place of what an interrupted import left. */
  import(tenant: Tenant, from: Source): Promise<void>;
  /** Takes away all that the tenant has here; its row in the registry stays for the end. */
  remove(tenant: Tenant): Promise<void>;
  /** What is still here of a tenant: a line for each thing, found by looking through everything. */
  leftovers(tenantId: string): Promise<readonly string[]>;
  /** Takes away or blanks what tells about one person. */
  erase(tenant: Tenant, person: Person): Promise<void>;
}
