import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { UserError } from '../../engine/errors';
import { nearest } from '../../engine/nearest';
import { asMaintenance } from '../database/connect';
import { isTenantId } from '../../components/tenancy/places';
import { registryUrl, type Clusters } from './clusters';
import {
  changeMembers,
  memberChangeProblems,
  membersOf,
  writeMembers,
  type MemberChanges,
} from './people';
import { roomProblems } from './shard-room';
import { tenantColumns, type Tenant } from './tenant';
import {
  limitNames,
  limitProblems,
  limitRules,
  nameProblems,
  problemsOf,
  RefusedError,
  type Limits,
  type Wanted,
} from './wanted';

/** A tenant with everything that the registry says of it. */
export interface Registered extends Tenant {
  readonly limits: Limits;
  /** What its own tables were last brought to; null where they are shared. */
  readonly schemaVersion: string | null;
  readonly createdAt: Date;
  /** Where a move that is not over leads; also of one that was interrupted. */
  readonly movingTo: Pick<Tenant, 'model' | 'shard'> | null;
}

/** What is to be another of a tenant; what is not named stays. */
export interface Changes extends MemberChanges {
  readonly name?: string;
  readonly limits?: Partial<Limits>;
  /** Another password of its login. */
  readonly rotateLogin?: boolean;
}

const columns =
  `${tenantColumns}, t.schema_version as "schemaVersion", t.created_at as "createdAt", ` +
  `(select json_build_object('model', m.to_model, 'shard', m.to_shard) from registry.moves m where m.tenant_id = t.id) as "movingTo", ` +
  `json_build_object(${limitNames.map((name) => `'${name}', t.${limitRules[name].column}`).join(', ')}) as limits`;

/** Runs `work` as maintenance, in one transaction, in the database with the registry. */
export function inRegistry<T>(
  clusters: Clusters,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return asMaintenance(registryUrl(clusters), work);
}

/** A tenant by its slug or id. Throws `RefusedError` with the nearest when there is none. */
export async function findTenant(clusters: Clusters, slugOrId: string): Promise<Registered> {
  const tenant = await tenantNamed(clusters, slugOrId);
  if (tenant) return tenant;
  throw unknownTenant(slugOrId, await listTenants(clusters));
}

/** The same, for those who can do without one. */
export function tenantNamed(clusters: Clusters, slugOrId: string): Promise<Registered | undefined> {
  const named = isTenantId(slugOrId) ? 't.id = $1' : 't.slug = $1';
  return inRegistry(clusters, async (client) => (await select(client, named, [slugOrId]))[0]);
}

/** All tenants, by their slugs. */
export function listTenants(clusters: Clusters): Promise<Registered[]> {
  return inRegistry(clusters, (client) => select(client, 'true', []));
}

/**
 * Enters a tenant as `provisioning`, with its members; or finds it where this was done before and not finished.
 * Throws `RefusedError` with everything that is wrong: names, limits, a slug that is taken, a shard that is full or that
 * nobody knows, and of a new one what else is `against` it.
 */
export function insertTenant(
  clusters: Clusters,
  wanted: Wanted,
  against: readonly string[] = [],
): Promise<Registered> {
  const { slug, name, model, shard } = wanted;
  return inRegistry(clusters, async (client) => {
    const [before] = await select(client, 't.slug = $1', [slug]);
    const resumed = before !== undefined && (await isSame(client, before, wanted));
    const problems = [
      ...problemsOf(wanted),
      ...(before && !resumed ? [taken(before, wanted)] : []),
      ...(resumed ? [] : [...(await roomProblems(client, clusters, shard)), ...against]),
    ];
    if (problems.length > 0)
      throw new RefusedError(`Tenant ${slug.slice(0, 63) || '(no name)'} is not made`, problems);
    const id = before?.id ?? wanted.id ?? randomUUID();
    if (!resumed) {
      await client.query(
        `insert into registry.tenants (id, slug, name, model, shard, status) values ($1, $2, $3, $4, $5, 'provisioning')
         on conflict (slug) do nothing`,
        [id, slug, name, model, shard],
      );
    }
    await writeLimits(client, id, wanted.limits ?? {});
    await writeMembers(client, id, wanted.members);
    return only(await select(client, 't.id = $1', [id]), slug);
  });
}

/** Makes a tenant what it is not yet; `from` are the states that lead there. Throws `RefusedError` in any other one. */
export function setStatus(
  clusters: Clusters,
  { id, slug }: Tenant,
  status: Tenant['status'],
  from: readonly Tenant['status'][],
): Promise<Registered> {
  return inRegistry(clusters, async (client) => {
    await client.query(
      'update registry.tenants set status = $2 where id = $1 and status = any ($3) and status <> $2',
      [id, status, from],
    );
    const tenant = only(await select(client, 't.id = $1', [id]), slug);
    if (tenant.status === status) return tenant;
    throw new RefusedError(`${slug} is ${tenant.status} and does not become ${status}`, [
      `only a tenant that is ${from.join(' or ')} does`,
    ]);
  });
}

/** Writes a tenant's name, limits and generation. Throws `RefusedError` with everything that is wrong. */
export function configure(
  clusters: Clusters,
  { id, slug, model }: Tenant,
  changes: Changes,
): Promise<Registered> {
  const { name, limits = {}, rotateLogin = false } = changes;
  const own = model === 'database';
  const problems = [
    ...nameProblems(name),
    ...(rotateLogin && !own
      ? [`its model is ${model}: it has no login whose password could change`]
      : []),
    ...limitProblems(limits, model),
    ...memberChangeProblems(changes),
  ];
  if (problems.length > 0) throw new RefusedError(`${slug} stays as it is`, problems);
  return inRegistry(clusters, async (client) => {
    await client.query(
      `update registry.tenants set name = coalesce($2, name), generation = generation + $3 where id = $1`,
      [id, name ?? null, rotateLogin ? 1 : 0],
    );
    await writeLimits(client, id, limits);
    await changeMembers(client, { id, slug }, changes);
    return only(await select(client, 't.id = $1', [id]), slug);
  });
}

async function select(
  client: Client,
  condition: string,
  values: readonly unknown[],
): Promise<Registered[]> {
  const { rows } = await client.query<Registered>(
    `select ${columns} from registry.tenants t where ${condition} order by t.slug`,
    [...values],
  );
  return rows;
}

/**
 * Whether what stands there is what is wanted, begun before. Without an id only what is the same in everything is: somebody
 * else's would bring his members along.
 */
async function isSame(client: Client, before: Registered, wanted: Wanted): Promise<boolean> {
  if (before.model !== wanted.model || before.shard !== wanted.shard) return false;
  if (wanted.id !== undefined) return before.id === wanted.id;
  if (before.status !== 'provisioning' || before.name !== wanted.name) return false;
  const listed = (members: Wanted['members']): string =>
    JSON.stringify(members.map(({ user, role }) => `${user} ${role}`).sort());
  return listed(await membersOf(client, before.id)) === listed(wanted.members);
}

function taken({ status, model, shard }: Registered, { slug }: Wanted): string {
  if (status !== 'provisioning') return `the slug ${slug} is taken`;
  return (
    `${slug} is half made already, with model ${model} on shard ${shard}: go on with the same name, model, shard and ` +
    'members, or delete it'
  );
}

async function writeLimits(client: Client, id: string, limits: Partial<Limits>): Promise<void> {
  for (const name of limitNames) {
    const { [name]: value } = limits;
    if (value === undefined) continue;
    await client.query(
      `update registry.tenants set ${limitRules[name].column} = $2 where id = $1`,
      [id, value],
    );
  }
}

function only(found: readonly Registered[], slug: string): Registered {
  const [tenant] = found;
  if (tenant) return tenant;
  throw new UserError(
    `${slug} is no longer in the registry: somebody deleted it, or has just taken the slug`,
  );
}

function unknownTenant(given: string, tenants: readonly Tenant[]): RefusedError {
  const slugs = tenants.map(({ slug }) => slug);
  const guess = nearest(given, slugs);
  const all =
    slugs.length > 50 ? `${String(slugs.length)} (npm run tenants -- list)` : slugs.join(', ');
  return new RefusedError(
    `Unknown tenant "${given}".${guess ? ` Did you mean "${guess}"?` : ''}\nTenants: ${all || 'none'}`,
  );
}
