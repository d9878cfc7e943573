/** How a tenant's rows are kept apart: rows of shared tables, a schema of its own, a database of its own. */
export const models = ['shared', 'schema', 'database'] as const;
export type Model = (typeof models)[number];

/** The shard that the platform itself stands on. */
export const mainShard = 'main';

/** The database of the platform, on every shard. */
export const platformDatabase = 'strata';

/** Where the application's tables stand where tenants share them, and in a tenant's own database. */
export const appSchema = 'app';

/** The schema of one tenant, or its database; the role that belongs to it. */
export const ownPlace = /^t_([0-9a-f]{32})$/;
export const ownRole = /^strata_t_([0-9a-f]{32})$/;

/** Where a tenant's rows are. */
export interface Place {
  readonly model: Model;
  /** Name of the database cluster. */
  readonly shard: string;
  readonly database: string;
  readonly schema: string;
  /** What a request of the tenant becomes. */
  readonly role: string;
}

/**
 * Where a tenant of a model has its rows. Names are made of its id: they never collide, need no quotes, and stay when
 * the tenant is called otherwise. Throws when the id is no uuid, because names are written into SQL.
 */
export function placeOf(tenantId: string, model: Model, shard: string = mainShard): Place {
  const own = `t_${hexOf(tenantId)}`;
  switch (model) {
    case 'shared':
      return {
        model,
        shard,
        database: platformDatabase,
        schema: appSchema,
        role: 'strata_tenant',
      };
    case 'schema':
      return { model, shard, database: platformDatabase, schema: own, role: tenantRole(tenantId) };
    case 'database':
      return { model, shard, database: own, schema: appSchema, role: 'strata_tenant' };
  }
}

/** The role that belongs to a tenant alone: of its schema, or the login to its database. */
export function tenantRole(tenantId: string): string {
  return `strata_t_${hexOf(tenantId)}`;
}

/** Its rows are in the platform's own database with those of all others: no place is made for it. */
export function isAmongAll({ model, shard }: Pick<Place, 'model' | 'shard'>): boolean {
  return model === 'shared' && shard === mainShard;
}

/** Its rows are in the database with the registry, in the shared tables or in a schema of its own. */
export function isWithRegistry({ model, shard }: Pick<Place, 'model' | 'shard'>): boolean {
  return model !== 'database' && shard === mainShard;
}

/** Whether a text names a tenant by its id: no slug looks like one. */
export function isTenantId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Throws when it is no uuid in lower case: names and policies are made of it. */
export function checkTenantId(tenantId: string): void {
  if (!isTenantId(tenantId)) {
    throw new Error(`${JSON.stringify(tenantId)} is no tenant's id: expected a uuid in lower case`);
  }
}

function hexOf(tenantId: string): string {
  checkTenantId(tenantId);
  return tenantId.replaceAll('-', '');
}
