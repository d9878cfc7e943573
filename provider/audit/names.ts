import { appSchema, ownPlace, ownRole } from '../../components/tenancy/places';
import type { Catalogue, Relation } from './catalogue';

/** Schemas of the platform itself. */
export const platformSchemas = new Set([
  'tenancy',
  'registry',
  'audit',
  'strata',
  'storage',
  'outbox',
  'realtime',
]);

export function isTenantSchema(schema: string): boolean {
  return schema === appSchema || ownPlace.test(schema);
}

export function isTenantRole(role: string): boolean {
  return ownRole.test(role);
}

/** The tenant whose schema or role this is, as a uuid; undefined for what tenants share. */
export function tenantOf(name: string): string | undefined {
  const hex = (ownPlace.exec(name) ?? ownRole.exec(name))?.[1];
  return hex?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Roles with which requests of clients reach the database. */
export function servesRequests(role: string): boolean {
  return requestRoles.has(role) || isTenantRole(role);
}

const requestRoles = new Set([
  'public',
  'strata_tenant',
  'strata_anon',
  'strata_isolated',
  'strata_hasura',
  'strata_authenticator',
  'strata_app',
]);

/** Roles that keep the platform: everything else that is ours is a runtime role. */
export const keepers = new Set(['strata_owner', 'strata_maintenance', 'strata_migrator']);

/** Logins; other roles of the platform are nobody's. A tenant's role is one where the tenant has a database. */
export const logins = new Set([
  'strata_migrator',
  'strata_authenticator',
  'strata_hasura',
  'strata_app',
  'strata_auditor',
  'strata_guard',
  'strata_dispatcher',
  'strata_sessions',
  'strata_admin_page',
  'strata_monitor',
  'strata_pooler',
  'strata_oauth',
  'strata_realtime',
]);

/** Who may be granted rows of a table of tenants: whoever requests become in its schema. */
export function clientsOf({ schema }: Pick<Relation, 'schema'>): string[] {
  if (schema === appSchema) return ['strata_tenant', 'strata_hasura'];
  return ownPlace.test(schema) ? [`strata_${schema}`] : ['strata_tenant', 'strata_isolated'];
}

/**
 * Tables with rows of tenants: all of a tenant schema, whatever elsewhere has a tenant_id, and of the platform's own
 * those that requests may touch.
 */
export function tenantTables({ relations }: Catalogue): Relation[] {
  return relations.filter(
    (relation) =>
      isTable(relation) &&
      !relation.shared &&
      (isTenantSchema(relation.schema)
        ? !relation.ofExtension
        : hasTenant(relation) &&
          (!platformSchemas.has(relation.schema) ||
            relation.grants.some(({ role }) => servesRequests(role)))) &&
      !relation.schema.startsWith('hdb_'),
  );
}

/** The same without partitions and children, whose shape is their parent's. */
export function wholeTables(catalogue: Catalogue): Relation[] {
  const tables = tenantTables(catalogue);
  const refs = new Set(tables.map(({ ref }) => ref));
  return tables.filter(({ parents }) => !parents.some((parent) => refs.has(parent)));
}

export function isTable({ kind }: Relation): boolean {
  return kind === 'r' || kind === 'p';
}

export function hasTenant({ columns }: Relation): boolean {
  return columns.some(({ name }) => name === 'tenant_id');
}
