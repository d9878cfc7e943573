import { checkTenantId } from './places';

/** What of a tenant's stands outside the database, by name: to find it, to count it, and to leave nothing behind. */
export interface Prefixes {
  /** The bucket of its own that an object store has for it (Garage). */
  readonly bucket: string;
  /** How the keys of its objects begin, in its bucket or in the one that all share. */
  readonly objects: string;
  /** Its keys in Redis: exact ones, and beginnings that end in `:`. */
  readonly redis: readonly string[];
  /** How the keys in Redis begin that the application's own services keep for it. */
  readonly application: string;
}

/** Counters of limits: of the tenant, and of each of its users and API keys. */
const counters = {
  tenant: ['tenant', 'tenant-burst', 'cost', 'sockets'],
  caller: ['user', 'user-burst', 'user-sockets'],
} as const;

/**
 * Names of a tenant's things outside the database. Jobs are not among them: they stand in queues that all tenants share,
 * sealed, with the tenant inside. Pure. Throws when the id is no uuid: a short prefix would be everybody's.
 */
export function prefixes(tenantId: string): Prefixes {
  checkTenantId(tenantId);
  const application = `app:${tenantId}:`;
  return {
    bucket: `tenant-${tenantId}`,
    objects: `${tenantId}/`,
    redis: [
      ...counters.tenant.map((counter) => `guard:${counter}:${tenantId}`),
      ...counters.caller.map((counter) => `guard:${counter}:${tenantId}:`),
      `realtime:sockets:${tenantId}`,
      ...['user-sockets', 'presence', 'leases'].map((kind) => `realtime:${kind}:${tenantId}:`),
      application,
    ],
    application,
  };
}
