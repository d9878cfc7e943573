import type { Client } from 'pg';
import type { Catalogue, Role } from './catalogue';
import { type Finding, findingsOf, step } from './finding';
import { isTenantRole, tenantOf } from './names';

const finding = findingsOf(15);

/** A tenant as this database's registry has it. */
export interface RegisteredTenant {
  /** UUID. */
  readonly id: string;
  readonly slug: string;
  readonly model: 'shared' | 'schema' | 'database';
  readonly status: string;
  readonly shard: string;
  /** Whether a move of it is not over, so that both its places may be there. */
  readonly moving: boolean;
}

/** The tenants of this database, read as maintenance; undefined when this login cannot become it, as the migrator can. */
export async function readTenants(client: Client): Promise<RegisteredTenant[] | undefined> {
  const { rows } = await client.query<{ may: boolean | null }>(
    `select pg_has_role(r.oid, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) as may from pg_roles r where rolname = 'strata_maintenance'`,
  );
  if (rows[0]?.may !== true) return undefined;
  await client.query('set local role strata_maintenance');
  try {
    const moves = await client.query<{ there: boolean }>(
      `select to_regclass('registry.moves') is not null as there`,
    );
    const moving = moves.rows[0]?.there
      ? 'exists (select from registry.moves m where m.tenant_id = t.id)'
      : 'false';
    const found = await client.query<RegisteredTenant>(
      `select t.id, t.slug, t.model, t.status, coalesce(to_jsonb(t) ->> 'shard', 'main') as shard, ${moving} as moving
       from registry.tenants t order by t.created_at, t.id`,
    );
    return found.rows;
  } finally {
    await client.query('reset role');
  }
}

/**
 * 15: each tenant has the schema, database and role that its model asks for on this shard, and there is none without
 * a tenant.
 */
export function registryFindings(
  catalogue: Catalogue,
  tenants: readonly RegisteredTenant[],
  shard: string,
): Finding[] {
  const ownDatabase = tenantOf(catalogue.database) !== undefined;
  const here = tenants.filter((tenant) => tenant.shard === shard);
  const settled = here.filter(
    ({ status, moving }) => !moving && !['provisioning', 'importing', 'deleting'].includes(status),
  );
  const missing = settled.flatMap((tenant) => missingOf(catalogue, tenant, ownDatabase));
  // A tenant's own database knows of no other tenant.
  return ownDatabase ? missing : [...missing, ...orphans(catalogue, tenants)];
}

function missingOf(
  catalogue: Catalogue,
  tenant: RegisteredTenant,
  ownDatabase: boolean,
): Finding[] {
  const { id, slug, model } = tenant;
  if (model === 'shared') return [];
  const name = `t_${id.replaceAll('-', '')}`;
  const role = catalogue.roles.find((one) => one.name === `strata_${name}`);
  const absent = (id_: string, problem: string): Finding =>
    finding(
      id_,
      `tenant ${slug}`,
      problem,
      step(`make its place again: npm run tenants -- configure ${slug}, or restore its backup`),
    );
  const findings: Finding[] = [];
  if (model === 'schema' && !ownDatabase && !catalogue.schemas.some((one) => one.name === name)) {
    findings.push(
      absent(
        'place-absent',
        `its schema ${name} is not there, so its requests fail or read what the search_path finds`,
      ),
    );
  }
  if (model === 'database' && !catalogue.databases.some((one) => one.name === name)) {
    findings.push(absent('place-absent', `its database ${name} is not there`));
  }
  const problem = roleProblem(tenant, role);
  return problem === undefined
    ? findings
    : [...findings, absent('role-differs', `its role strata_${name} ${problem}`)];
}

/** The role of a schema is become; that of a database logs in while its tenant is not suspended. */
function roleProblem({ model, status }: RegisteredTenant, role?: Role): string | undefined {
  if (role === undefined) return 'is not there';
  const opens = model === 'database' && status === 'active';
  if (role.login === opens) return undefined;
  if (opens) return 'does not log in, and it has a database of its own';
  return model === 'schema' ? 'logs in, and it has a schema' : 'logs in, and it is suspended';
}

function orphans(catalogue: Catalogue, tenants: readonly RegisteredTenant[]): Finding[] {
  const models = new Map(tenants.map(({ id, model, moving }) => [id, moving ? 'moving' : model]));
  const left = (kind: string, names: readonly string[], fits: readonly string[]): Finding[] =>
    names
      .filter((name) => {
        const id = tenantOf(name);
        return id !== undefined && !fits.includes(models.get(id) ?? 'none');
      })
      .map((name) =>
        finding(
          'orphan',
          `${kind} ${name}`,
          'no tenant of the registry has it: rows of somebody who was deleted or moved, which nobody watches',
          step(`find out whose it was, export it, and drop ${kind} ${name}`),
        ),
      );
  const names = (owned: readonly { readonly name: string }[]): string[] =>
    owned.map(({ name }) => name);
  return [
    ...left('schema', names(catalogue.schemas), ['schema', 'moving']),
    ...left('database', names(catalogue.databases), ['database', 'moving']),
    ...left('role', names(catalogue.roles).filter(isTenantRole), ['schema', 'database', 'moving']),
  ];
}
