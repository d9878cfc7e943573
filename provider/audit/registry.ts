import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import type { Catalogue, Role } from './catalogue';
import { type Finding, findingsOf, type Remedy, sql, step } from './finding';
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
  /** Whether it is on its way to or from a place, so that this one may be there or not. */
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
 * The tenants that two looks at the registry found. What is another in the second was made, moved or deleted between them.
 */
export function settled(
  before: readonly RegisteredTenant[],
  after: readonly RegisteredTenant[],
): RegisteredTenant[] {
  const byId = (tenants: readonly RegisteredTenant[]): Map<string, RegisteredTenant> =>
    new Map(tenants.map((tenant) => [tenant.id, tenant]));
  const [first, second] = [byId(before), byId(after)];
  return [...byId([...before, ...after]).values()].map((tenant) =>
    isDeepStrictEqual(first.get(tenant.id), second.get(tenant.id))
      ? tenant
      : { ...tenant, moving: true },
  );
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
  const made = here.filter(
    ({ status, moving }) => !moving && !['provisioning', 'importing', 'deleting'].includes(status),
  );
  const missing = made.flatMap((tenant) => missingOf(catalogue, tenant, ownDatabase));
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
  const absent = (what: string, then: string): Finding =>
    finding(
      'place-absent',
      `tenant ${slug}`,
      `its ${what} ${name} is not there${then}`,
      step(
        `its rows are gone with it, and nothing makes them again: restore ${what} ${name} from a backup`,
      ),
    );
  const findings: Finding[] = [];
  if (model === 'schema' && !ownDatabase && !catalogue.schemas.some((one) => one.name === name)) {
    findings.push(absent('schema', ', so its requests fail or read what the search_path finds'));
  }
  if (model === 'database' && !catalogue.databases.some((one) => one.name === name)) {
    findings.push(absent('database', ''));
  }
  const role = catalogue.roles.find((one) => one.name === `strata_${name}`);
  const differs = roleProblem(tenant, role);
  return differs === undefined
    ? findings
    : [
        ...findings,
        finding(
          'role-differs',
          `tenant ${slug}`,
          `its role strata_${name} ${differs.problem}`,
          differs.remedy,
        ),
      ];
}

/** The role of a schema is become; that of a database logs in while its tenant is not suspended. */
function roleProblem(
  { slug, model, status }: RegisteredTenant,
  role?: Role,
): { readonly problem: string; readonly remedy: Remedy } | undefined {
  const tenants = (command: string): Remedy => step(`npm run tenants -- ${command}`);
  if (role === undefined) {
    return {
      problem: 'is not there',
      remedy: tenants(
        `move ${slug} --model shared, and back with --model ${model}: it is made with the place`,
      ),
    };
  }
  const opens = model === 'database' && status === 'active';
  if (role.login === opens) return undefined;
  if (opens) {
    return {
      problem: 'does not log in, and it has a database of its own',
      remedy: tenants(`configure ${slug} --rotate-login`),
    };
  }
  return model === 'schema'
    ? { problem: 'logs in, and it has a schema', remedy: sql(`alter role ${role.name} nologin`) }
    : { problem: 'logs in, and it is suspended', remedy: tenants(`suspend ${slug}`) };
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
