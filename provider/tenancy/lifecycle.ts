import { tenantVerifier } from '../../components/tenancy/verifier';
import { UserError } from '../../engine/errors';
import { inTransaction, withClient } from '../database/connect';
import { sha256 } from '../database/migration-file';
import { quoteName } from '../../components/tenancy/identifiers';
import { clusterUrl, registryUrl, type Clusters } from './clusters';
import { enterDone } from './fan-out-ledger';
import { refuseMove } from './move-journal';
import { shutSharedTables } from './move-pause';
import { provision, synchronise, type Platform } from './provision';
import {
  configure,
  findTenant,
  inRegistry,
  insertTenant,
  setStatus,
  type Changes,
  type Registered,
} from './registry';
import { placeOfTenant, type Tenant } from './tenant';
import { placeProblems, type Wanted } from './wanted';

/** Where a tenant keeps something besides its rows, and what has to be made there for it. */
export interface Provisioned {
  /** For people. */
  readonly name: string;
  /** May be done again. */
  provision(tenant: Tenant): Promise<unknown>;
}

type Tell = (message: string) => void;

/** What the logins of tenants are made with. */
type Logins = Pick<Platform, 'clusters' | 'master'>;

/** How long another command on the same tenant is waited for. */
const patienceSeconds = 60;

/**
 * Makes a tenant: its entry in the registry, its place, what else it keeps (`stores`), and then it is active. Interrupted
 * at any point, the same call goes on where the first one ended; nobody gets in before it is done.
 *
 * Throws `RefusedError` with everything that is wrong with `wanted`, and as `provision`. Costs a few statements for
 * model shared, the application's migrations for schema, a copied database for database.
 */
export function createTenant(
  platform: Platform,
  stores: readonly Provisioned[],
  wanted: Wanted,
  tell: Tell = () => undefined,
): Promise<Registered> {
  const { clusters, plan } = platform;
  return exclusively(clusters, wanted.slug, async () => {
    const tenant = await insertTenant(clusters, wanted, placeProblems(plan, wanted));
    if (tenant.status !== 'provisioning') return tenant;
    tell(`${tenant.slug} (${tenant.model} on ${tenant.shard}) is entered as ${tenant.id}`);
    const applied = await provision(platform, tenant);
    tell(`its place is there, with ${String(applied.length)} migrations`);
    for (const store of stores) {
      await store.provision(tenant);
      tell(`${store.name} is ready`);
    }
    const active = await activate(platform, tenant);
    tell('it is active');
    return active;
  });
}

/** Ends the making of a tenant whose place is at the plan, whoever made it: from now on it is active. May be done again. */
export async function activate(platform: Platform, { id }: Tenant): Promise<Registered> {
  const { clusters, plan } = platform;
  const tenant = await findTenant(clusters, id);
  if (tenant.model !== 'shared') {
    const files = plan.migrations.map(({ name, sql }) => ({ name, sha256: sha256(sql) }));
    await inRegistry(clusters, (client) => enterDone(client, tenant, files, plan.version));
  }
  // Open first: until the registry says active, nobody comes.
  await enforce(platform, tenant, true);
  await shutSharedTables(clusters, tenant);
  const active = await setStatus(clusters, tenant, 'active', ['provisioning', 'importing']);
  await synchronise(clusters, active);
  return active;
}

/**
 * Shuts a tenant out. APIs and the guard refuse it (the guard at once, APIs within five seconds), a role of its own loses
 * the schema, a login of its own is closed and its sessions end. Nothing is deleted. May be done again.
 */
export function suspendTenant(platform: Platform, slugOrId: string): Promise<Registered> {
  return changed(platform, slugOrId, async (tenant) => {
    const suspended = await setStatus(platform.clusters, tenant, 'suspended', ['active']);
    await enforce(platform, suspended);
    return suspended;
  });
}

/** Lets a suspended tenant in again. May be done again. */
export function resumeTenant(platform: Platform, slugOrId: string): Promise<Registered> {
  return changed(platform, slugOrId, async (tenant) => {
    // Open first: while the registry says suspended, nobody comes.
    if (tenant.status === 'suspended') await enforce(platform, tenant, true);
    return setStatus(platform.clusters, tenant, 'active', ['suspended']);
  });
}

/**
 * Changes a tenant's name and limits, or the password of its login, and makes them effective: in its login, for services
 * within five seconds, in the pooler when it has heard of it. Sessions with an old password are ended. While a move is not
 * over, the login may serve both places and keeps its password: another one is refused in a sentence.
 */
export function configureTenant(
  platform: Platform,
  slugOrId: string,
  changes: Changes,
): Promise<Registered> {
  return changed(platform, slugOrId, async (tenant) => {
    if (changes.rotateLogin) await refuseMove(platform, tenant);
    const configured = await configure(platform.clusters, tenant, changes);
    await enforce(platform, configured);
    if (changes.rotateLogin && tenant.model === 'database') await endSessions(platform, configured);
    return configured;
  });
}

/**
 * Brings a tenant's login and schema to what the registry says: open or shut, with its limits and its password.
 */
export async function enforce(
  platform: Logins,
  tenant: Registered,
  open = tenant.status === 'active',
): Promise<void> {
  if (tenant.model === 'schema') await holdSchema(platform.clusters, tenant, open);
  if (tenant.model === 'database') {
    await holdLogin(platform, tenant, open);
    if (!open) await endSessions(platform, tenant);
  }
}

/**
 * Runs `work` while nobody else does anything to the life of the same tenant. Throws one sentence when somebody does for
 * more than a minute. Costs a connection for as long; a process that dies gives it back.
 */
export function exclusively<T>(
  clusters: Clusters,
  slug: string,
  work: () => Promise<T>,
  tell?: (message: string) => unknown,
): Promise<T> {
  return withClient(registryUrl(clusters), async (client) => {
    await client.query(`set lock_timeout = '${String(patienceSeconds)}s'`);
    const life = [`strata.life of ${slug}`];
    const { rows } = await client.query<{ free: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as free',
      life,
    );
    if (rows[0]?.free) return work();
    await tell?.(`something else is being done to ${slug}: it is waited for`);
    try {
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', life);
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      throw new UserError(`Something else is being done to ${slug}: try again when that has ended`);
    }
    return work();
  });
}

async function changed(
  { clusters }: Platform,
  slugOrId: string,
  work: (tenant: Registered) => Promise<Registered>,
): Promise<Registered> {
  const { id, slug } = await findTenant(clusters, slugOrId);
  return exclusively(clusters, slug, async () => {
    const tenant = await work(await findTenant(clusters, id));
    await synchronise(clusters, tenant);
    return tenant;
  });
}

/** Without the schema nothing in it is found, whatever is granted there. */
function holdSchema(clusters: Clusters, tenant: Tenant, open: boolean): Promise<unknown> {
  const place = placeOfTenant(tenant);
  const [schema, role] = [quoteName(place.schema), quoteName(place.role)];
  return withClient(clusterUrl(clusters, place.shard), (client) =>
    inTransaction(client, 'strata_owner', () =>
      client.query(
        open
          ? `grant usage on schema ${schema} to ${role}`
          : `revoke all on schema ${schema} from ${role}`,
      ),
    ),
  );
}

/** In one transaction: a login that is to be shut is never open in between. */
function holdLogin(
  { clusters, master }: Logins,
  { id, shard, generation, limits }: Registered,
  open: boolean,
): Promise<unknown> {
  const verifier = tenantVerifier(master, id, generation);
  return withClient(clusterUrl(clusters, shard), (client) =>
    inTransaction(client, undefined, async () => {
      await client.query('select strata.make_tenant_role($1, $2)', [id, verifier]);
      await client.query('select strata.hold_tenant_login($1, $2, $3, $4)', [
        id,
        open,
        limits.statementTimeoutMs,
        limits.maxConnections,
      ]);
    }),
  );
}

function endSessions({ clusters }: Logins, { id, shard }: Tenant): Promise<unknown> {
  return withClient(clusterUrl(clusters, shard), (client) =>
    client.query('select strata.end_tenant_sessions($1)', [id]),
  );
}
