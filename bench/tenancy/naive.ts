import path from 'node:path';
import { readMigrations } from '../../components/data/migrations';
import { tenantRole, type Place } from '../../components/tenancy/places';
import { statements } from '../../components/tenancy/statements';
import { root } from '../../engine/root';
import { fencesAt, type TenancyPlan } from '../../provider/tenancy/plan';
import type { Tenant } from '../../provider/tenancy/tenant';

/** The statements that make a tenant's place, in its own database where it has one. */
export type Script = (tenant: Tenant, place: Place) => readonly string[];

/**
 * What a team writes first: a superuser runs the SQL of each tenant from its beginning, statement by statement, with no
 * transaction, no ledger and no check. The platform's files are sent whole, which is kinder than `psql -f`.
 */
export function script(plan: TenancyPlan, model: 'schema' | 'database'): Script {
  const application = plan.migrations.flatMap(({ sql }) => split(sql));
  const platform = readMigrations(path.join(root, 'sql'), 'platform');
  return (tenant, place) => {
    const fences = fencesAt(plan, place, tenant.id).flatMap(statements);
    const role = tenantRole(tenant.id);
    if (model === 'schema') {
      return [
        `create role ${role}`,
        `grant strata_isolated to ${role}`,
        `grant ${role} to strata_authenticator`,
        `grant ${role} to strata_app`,
        `create schema ${place.schema} authorization strata_owner`,
        `grant usage on schema ${place.schema} to ${role}`,
        'set role strata_owner',
        ...application,
        ...fences,
        'reset role',
      ];
    }
    return [
      `create role ${role} login noinherit`,
      `grant strata_tenant to ${role}`,
      `revoke all on database ${place.database} from public`,
      `grant connect on database ${place.database} to ${role}`,
      'create schema strata; create table strata.migrations (scope text, name text, sha256 text, applied_at timestamptz)',
      ...platform.map(({ sql, role: as }) =>
        as === 'admin'
          ? `begin; ${sql}; commit`
          : `begin; set local role strata_owner; ${sql}; commit`,
      ),
      'set role strata_owner',
      ...application,
      ...fences,
      'reset role',
      `insert into registry.tenants (id, slug, name) values ('${tenant.id}', '${tenant.slug}', '${tenant.name}')`,
    ];
  };
}

/** The example application has no function bodies, so statements end where a line ends in a semicolon. */
function split(sql: string): string[] {
  return sql.split(/;\s*$/m).filter((one) => one.replaceAll(/^--.*$/gm, '').trim() !== '');
}
