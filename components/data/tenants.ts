import type { TenantInputs } from '../../provider/database/tenant';
import type { TenancySettings } from '../settings/tenancy';
import { bytesOf } from '../settings/sizes';

/** What the registry is to say of a tenant of the config. */
export type WantedTenant = Omit<TenantInputs, 'url' | 'cluster' | 'clusters' | 'master'>;

/** The tenants of a config, in the words of the registry. */
export function wantedTenants({ model, tenants }: TenancySettings): WantedTenant[] {
  return Object.entries(tenants).map(([slug, tenant]) => ({
    slug,
    displayName: tenant.name ?? slug,
    model: tenant.model ?? model,
    shard: tenant.shard,
    limits: {
      maxConnections: tenant.limits.connections ?? null,
      statementTimeoutMs: tenant.limits.statementTimeoutMs ?? null,
      storageBytes: tenant.limits.storage === undefined ? null : bytesOf(tenant.limits.storage),
    },
    members: Object.entries(tenant.members).map(([user, role]) => ({ user, role })),
  }));
}
