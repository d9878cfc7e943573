import { placeOf, type Model, type Place } from '../../components/tenancy/places';

/** A tenant as the registry has it. */
export interface Tenant {
  /** UUID. */
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly model: Model;
  readonly shard: string;
  /** provisioning: its place is made. importing: its rows come, and only an import ends that. */
  readonly status: 'provisioning' | 'importing' | 'active' | 'suspended' | 'deleting';
  /** Of the password of its login. */
  readonly generation: number;
}

/** Where the registry says that a tenant's rows are. */
export function placeOfTenant({ id, model, shard }: Tenant): Place {
  return placeOf(id, model, shard);
}

/** What `Tenant` is made of, from `registry.tenants t`. */
export const tenantColumns = 't.id, t.slug, t.name, t.model, t.shard, t.status, t.generation';
