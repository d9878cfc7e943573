import type { Catalogue, DefaultGrant, Grant, Owned, Relation } from './catalogue';
import { type Finding, findingsOf, sql } from './finding';
import {
  clientsOf,
  isTenantRole,
  isTenantSchema,
  platformSchemas,
  servesRequests,
  tenantOf,
  tenantTables,
} from './names';

const finding = findingsOf(8);

/** They pass policies, probe for rows, run code as others, lock and rewrite. */
const structural = new Set(['TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']);

/** 8: nobody is granted what no policy bounds, or what the platform does not give; nothing is everybody's. */
export function grants(catalogue: Catalogue): Finding[] {
  const tenants = new Set(tenantTables(catalogue).map(({ ref }) => ref));
  return [
    ...catalogue.relations
      .filter(({ ofExtension, schema }) => !ofExtension && !schema.startsWith('hdb_'))
      .flatMap((relation) =>
        relation.grants.flatMap((grant) =>
          relationGrant(relation, grant, tenants.has(relation.ref)),
        ),
      ),
    ...catalogue.schemas.flatMap(schemaGrants),
    ...catalogue.databases.flatMap((database) => databaseGrants(database, catalogue.database)),
    ...catalogue.defaults.filter(opensLater).map(later),
    ...laterFunctions(catalogue),
    ...catalogue.systemGrants.filter(isSystemHole).map(system),
  ];
}

function relationGrant(relation: Relation, grant: Grant, ofTenants: boolean): Finding[] {
  const { ref, kind } = relation;
  const { role, privilege, column } = grant;
  const what = `${privilege.toLowerCase()}${column === null ? '' : ` (${column})`}`;
  const on = `${kind === 'S' ? 'sequence ' : ''}${ref}`;
  const revoke = sql(`revoke ${what} on ${on} from ${role}`);
  if (role === 'public') {
    return [
      finding('public-grant', ref, `everybody may ${what}, each later login included`, revoke),
    ];
  }
  if (role === 'strata_maintenance' && relation.schema !== 'strata') {
    return grant.grantable ? [grantable(ref, what, on, role)] : [];
  }
  const known = role.startsWith('strata_');
  if (structural.has(privilege) && known) {
    return [
      finding('structural-grant', ref, `${role} may ${what}, which no policy bounds`, revoke),
    ];
  }
  if (!expected(relation, grant, ofTenants)) {
    return [
      finding(
        'unexpected-grant',
        ref,
        `${role} may ${what}, and the platform grants it no such thing`,
        revoke,
      ),
    ];
  }
  return grant.grantable ? [grantable(ref, what, on, role)] : [];
}

function grantable(ref: string, what: string, on: string, role: string): Finding {
  return finding(
    'grant-option',
    ref,
    `${role} may give others the right to ${what}`,
    sql(`revoke grant option for ${what} on ${on} from ${role}`),
  );
}

function expected(
  { schema, ref, kind, shared }: Relation,
  { role, privilege }: Grant,
  ofTenants: boolean,
): boolean {
  if (ref === 'strata.migrations') {
    return role === 'strata_migrator' && ['SELECT', 'INSERT'].includes(privilege);
  }
  if (ref === 'audit.log') return role === 'strata_auditor' && privilege === 'SELECT';
  if (shared) return privilege === 'SELECT' && clientsOf({ schema }).includes(role);
  if (kind === 'S') return !isTenantSchema(schema) && !platformSchemas.has(schema);
  if (ofTenants) {
    return (
      (!platformSchemas.has(schema) || schema === 'storage') && clientsOf({ schema }).includes(role)
    );
  }
  if (kind === 'v') return isTenantSchema(schema) && clientsOf({ schema }).includes(role);
  // Materialised views and foreign tables are another check's; reference data elsewhere is the application's own matter.
  return kind === 'm' || kind === 'f' || !(isTenantSchema(schema) || platformSchemas.has(schema));
}

function schemaGrants({ name, grants: given }: Owned): Finding[] {
  return given.flatMap(({ role, privilege }) => {
    const revoke = sql(`revoke ${privilege.toLowerCase()} on schema ${name} from ${role}`);
    if (privilege === 'CREATE' && !name.startsWith('hdb_')) {
      return [
        finding(
          'schema-create',
          `schema ${name}`,
          `${role} may make objects in it, which others then take for the platform's`,
          revoke,
        ),
      ];
    }
    if (entersRightly(name, role)) return [];
    return [
      finding(
        'schema-usage',
        `schema ${name}`,
        `${role} may name what is in it, so one careless grant on an object is enough`,
        revoke,
      ),
    ];
  });
}

function entersRightly(schema: string, role: string): boolean {
  const ours = platformSchemas.has(schema) || isTenantSchema(schema) || schema === 'public';
  if (role === 'public') return !ours;
  if (isTenantSchema(schema)) {
    return role === 'strata_maintenance' || clientsOf({ schema }).includes(role);
  }
  const closed = ['registry', 'audit', 'outbox', 'realtime', 'strata'].includes(schema);
  return !(closed && servesRequests(role)) && !(ours && !role.startsWith('strata_'));
}

function databaseGrants({ name, grants: given }: Owned, here: string): Finding[] {
  const own = tenantOf(name);
  return given.flatMap(({ role, privilege }) => {
    const wrong =
      role === 'public'
        ? name === here || own !== undefined
        : (name === here && privilege !== 'CONNECT' && servesRequests(role)) ||
          (isTenantRole(role) && tenantOf(role) !== own) ||
          (own !== undefined && servesRequests(role) && !isTenantRole(role));
    if (!wrong) return [];
    return [
      finding(
        'database-grant',
        `database ${name}`,
        `${role === 'public' ? 'everybody' : role} may ${privilege.toLowerCase()} in it`,
        sql(`revoke ${privilege.toLowerCase()} on database "${name}" from ${role}`),
      ),
    ];
  });
}

function opensLater({ role, kind, owner }: DefaultGrant): boolean {
  if (role === null || kind === 'types') return false;
  return role === 'public'
    ? owner !== 'strata_hasura'
    : role.startsWith('strata_') && role !== 'strata_maintenance';
}

function later({ owner, schema, kind, role }: DefaultGrant): Finding {
  return finding(
    'default-privilege',
    schema === null ? `role ${owner}` : `schema ${schema}`,
    `${role ?? ''} is granted ${kind} that ${owner} makes later, before anything fences them`,
    sql(
      `alter default privileges for role ${owner}${schema === null ? '' : ` in schema ${schema}`} revoke all on ${kind} from ${role ?? ''}`,
    ),
  );
}

/** Functions are everybody's unless it is said otherwise. */
function laterFunctions({ defaults }: Catalogue): Finding[] {
  const said = defaults.some(
    ({ owner, schema, kind }) =>
      owner === 'strata_owner' && schema === null && kind === 'functions',
  );
  if (said) return [];
  return [
    finding(
      'default-privilege',
      'role strata_owner',
      'functions that strata_owner makes later may be called by everybody',
      sql('alter default privileges for role strata_owner revoke all on functions from public'),
    ),
  ];
}

/** Who is connected, for pgAdmin; without statements, which Postgres shows to their own login (sql/019_admin.sql). */
const auditorSees = 'function pg_stat_get_activity(integer)';

/** Sizes and statistics are given to pg_monitor, and so to nobody who serves requests. */
function isSystemHole({ role, object }: Catalogue['systemGrants'][number]): boolean {
  if (role === 'strata_auditor' && object === auditorSees) return false;
  return servesRequests(role) || role.startsWith('strata_') || object.startsWith('parameter ');
}

function system({ role, privilege, object }: Catalogue['systemGrants'][number]): Finding {
  return finding(
    'system-grant',
    object,
    `${role === 'public' ? 'everybody' : role} may ${privilege.toLowerCase()} what Postgres keeps to superusers, or holds for all tenants together`,
    sql(`revoke ${privilege.toLowerCase()} on ${object} from ${role}`),
  );
}
