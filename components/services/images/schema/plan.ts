import type { TenancyPlan } from '../../../../provider/tenancy/plan';
import type { UnknownTableRule } from '../../../settings/names';
import type { MigrationFile } from '../../../data/migrations';
import type { WantedTenant } from '../../../data/tenants';
import type { TableFence } from '../../../tenancy/statements';

/** A vendor's database and the role that owns it, by the name of both. */
interface WantedVendor {
  readonly name: string;
  /** Statements of the admin there. */
  readonly setup: readonly string[];
  readonly connections: number;
  /** Roles that the owner may become. */
  readonly becomes: readonly ('strata_tenant' | 'strata_anon')[];
}

/** What the schema job brings into a database: everything that `strata:data:Schema` registers as resources. */
export interface SchemaPlan {
  /** Statements of the admin that may be repeated. */
  readonly setup: readonly string[];
  readonly migrations: readonly MigrationFile[];
  /** Roles whose passwords are given by files named `<ROLE>_PASSWORD_FILE`. */
  readonly logins: readonly string[];
  /** The most connections of roles, where it depends on how many servers there are. */
  readonly limits: Readonly<Record<string, number>>;
  /** Databases that vendors' services own; their URLs are given by files named `<NAME>_URL_FILE`. */
  readonly vendors: readonly WantedVendor[];
  readonly tenants: readonly WantedTenant[];
  readonly fences: readonly TableFence[];
  readonly tenancy: TenancyPlan;
  readonly unknownTables: UnknownTableRule;
  readonly schemaVersion: string;
  /** Present where all that there is has to have come from another server before. */
  readonly moved?: true;
}
