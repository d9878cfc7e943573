import type { MigrationFile } from '../../components/data/migrations';
import { compileTenancy } from '../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { isWithRegistry, type Place } from '../../components/tenancy/places';
import type { TableFence } from '../../components/tenancy/statements';

/** What the tables of every tenant are to be: data, so that it can be handed to a worker as JSON. */
export interface TenancyPlan {
  /** The application's migrations, in their order. */
  readonly migrations: readonly MigrationFile[];
  readonly declaration: TenancyDeclaration;
  /** Table → triggers that enter its changes, for functions and for those who listen to realtime. */
  readonly events: Readonly<Record<string, TableFence['triggers']>>;
  /** Changes with every migration and every rule. */
  readonly version: string;
  /** APIs that serve shared tables alone, where none serves tenants with tables of their own. */
  readonly sharedTablesOnly?: readonly string[];
}

/** The fences around a tenant's own tables. */
export function fencesAt(plan: TenancyPlan, place: Place, tenantId: string): TableFence[] {
  const audience =
    place.model === 'schema'
      ? { schema: place.schema, role: place.role, tenantId, hasura: false }
      : { schema: place.schema, role: place.role, hasura: false };
  return compileTenancy(plan.declaration, audience).map((fence) => ({
    ...fence,
    triggers: { ...fence.triggers, ...(hasOutbox(place) && plan.events[nameOf(fence.table)]) },
  }));
}

/** Events and changes are told from the platform's own database alone. */
export function hasOutbox(place: Place): boolean {
  return isWithRegistry(place);
}

function nameOf(table: string): string {
  return `app.${table.slice(table.indexOf('.') + 1)}`;
}
