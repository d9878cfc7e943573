import type { Client } from 'pg';
import { z } from 'zod';
import { isAmongAll, isWithRegistry, models, type Model } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import { differences } from '../local/changes';
import type { Changes, Resource } from '../host/resource';
import { enforce, exclusively } from '../tenancy/lifecycle';
import { synchronise } from '../tenancy/provision';
import { removeMembers, writeMembers } from '../tenancy/people';
import { findTenant } from '../tenancy/registry';
import { asMaintenance, inTransaction, readLive } from './connect';

interface Member {
  /** The user's handle, unique in the platform. */
  user: string;
  role: 'admin' | 'member';
}

/** What a tenant may use; null is the platform's default. */
interface TenantLimits {
  maxConnections: number | null;
  statementTimeoutMs: number | null;
  storageBytes: number | null;
}

/**
 * A tenant and its members in the registry. A place of its own is made by `strata:tenancy:Places`, which makes it active;
 * what changes later (name, members, limits) is brought to that place here, because not every platform has a worker.
 *
 * Users are made when they are first named. Members that are named are kept as named; one that is no longer named
 * loses the membership, not the user. Members who joined in another way are nobody's drift.
 * A tenant cannot be deleted this way: its rows are its customers' data.
 */
export interface TenantInputs {
  /** Secret: connects as the migrator; a changed URL is no change of the tenant. */
  url: string;
  cluster: string;
  /** Shard → URL that connects as the migrator to its database `strata`; secret. */
  clusters: Record<string, string>;
  /** What the passwords of tenants' logins are derived from; secret. */
  master: string;
  slug: string;
  displayName: string;
  model: Model;
  shard: string;
  limits: TenantLimits;
  members: Member[];
}

export interface TenantState extends TenantInputs {
  /** UUID. */
  tenantId: string;
}

export const tenant: Resource<TenantInputs, TenantState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    clusters: z.record(z.string(), z.string()),
    master: z.string().min(1),
    slug: z.string(),
    displayName: z.string(),
    model: z.enum(models),
    shard: z.string(),
    limits: z.strictObject({
      maxConnections: z.number().nullable(),
      statementTimeoutMs: z.number().nullable(),
      storageBytes: z.number().nullable(),
    }),
    members: z.array(z.strictObject({ user: z.string(), role: z.enum(['admin', 'member']) })),
  }),
  computed: ['tenantId'],

  diff(state, inputs): Changes {
    if (state.cluster !== inputs.cluster) return { cluster: 'update' };
    if (state.slug !== inputs.slug) return { slug: 'replace' };
    return {
      ...(state.displayName !== inputs.displayName && { displayName: 'update' as const }),
      ...differences(state, inputs, ['model', 'shard', 'limits'], 'update'),
      ...(canonical(state.members) !== canonical(inputs.members) && { members: 'update' as const }),
    };
  },

  async create(inputs) {
    const tenantId = await asMaintenance(inputs.url, async (client) => {
      const id = await write(client, inputs, []);
      await refuseStrangers(client, inputs);
      return id;
    });
    await bringToPlace(inputs, tenantId);
    return { id: inputs.slug, state: { ...inputs, tenantId } };
  },

  read: (_id, state) =>
    readLive(state.url, state, (client) =>
      inTransaction(client, 'strata_maintenance', () => lookUp(client, state)),
    ),

  async update(_id, state, inputs) {
    const named = new Set(inputs.members.map(({ user }) => user));
    const left = state.members.map(({ user }) => user).filter((user) => !named.has(user));
    const tenantId = await asMaintenance(inputs.url, (client) => write(client, inputs, left));
    await bringToPlace(inputs, tenantId);
    return { ...inputs, tenantId };
  },

  delete: (_id, state) =>
    Promise.reject(
      new UserError(
        `tenant ${state.slug} holds its customers' data and is not deleted by taking it out of the config: ` +
          `put strata:tenancy.tenants.${state.slug} back`,
      ),
    ),
};

/** Brings the registry to `inputs`; the users in `left` are no members any more. */
async function write(
  client: Client,
  inputs: TenantInputs,
  left: readonly string[],
): Promise<string> {
  const tenantId = await upsertTenant(client, inputs);
  await writeMembers(client, tenantId, inputs.members);
  await removeMembers(client, tenantId, left);
  return tenantId;
}

/**
 * Services read the registry; another database has a copy of the tenant and its people, a login its limits. A place that
 * is not made yet gets all of it when it is.
 */
async function bringToPlace(
  { clusters: urls, master, slug, model, shard }: TenantInputs,
  tenantId: string,
): Promise<void> {
  if (isWithRegistry({ model, shard })) return;
  const clusters = new Map(Object.entries(urls));
  await exclusively(clusters, slug, async () => {
    const tenant = await findTenant(clusters, tenantId);
    if (tenant.status !== 'active' && tenant.status !== 'suspended') return;
    await enforce({ clusters, master }, tenant);
    await synchronise(clusters, tenant);
  });
}

/** Who signed up with the slug before would bring admins along. Asked while the row is locked: none comes later. */
async function refuseStrangers(client: Client, { slug, members }: TenantInputs): Promise<void> {
  const { rows } = await client.query<{ user: string }>(
    `select u.handle as user from registry.tenants t
     join registry.members m on m.tenant_id = t.id and m.role = 'admin' join registry.users u on u.id = m.user_id
     where t.slug = $1 and u.handle <> all ($2) order by 1`,
    [slug, members.map(({ user }) => user)],
  );
  if (rows.length === 0) return;
  throw new UserError(
    `tenant ${slug} is in the registry already, with admins that the config does not name: ` +
      `${rows.map(({ user }) => user).join(', ')}. If it is the same tenant, name them in ` +
      `strata:tenancy.tenants.${slug}.members; otherwise choose another slug, or delete it first (npm run tenants -- delete ${slug})`,
  );
}

async function upsertTenant(client: Client, inputs: TenantInputs): Promise<string> {
  const { slug, displayName, model, shard, limits } = inputs;
  const { rows } = await client.query<{ id: string; model: Model; shard: string }>(
    `insert into registry.tenants as t
       (slug, name, model, shard, status, max_connections, statement_timeout_ms, storage_bytes)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (slug) do update set name = excluded.name, max_connections = excluded.max_connections,
       statement_timeout_ms = excluded.statement_timeout_ms, storage_bytes = excluded.storage_bytes
     returning t.id, t.model, t.shard`,
    [
      slug,
      displayName,
      model,
      shard,
      isAmongAll({ model, shard }) ? 'active' : 'provisioning',
      limits.maxConnections,
      limits.statementTimeoutMs,
      limits.storageBytes,
    ],
  );
  const [row] = rows;
  if (!row) throw new UserError(`the registry took tenant ${slug} but returned no id`);
  if (row.model !== model || row.shard !== shard) throw new UserError(elsewhere(inputs, row));
  return row.id;
}

/** Rows are not where a config says they are: they are moved there. */
function elsewhere(
  { slug, model, shard }: TenantInputs,
  row: Pick<TenantInputs, 'model' | 'shard'>,
): string {
  return (
    `tenant ${slug} has its rows in model ${row.model} on shard ${row.shard}, and the config says model ${model} on shard ` +
    `${shard}: move it (npm run tenants -- move ${slug} --model ${model} --shard ${shard}), or put the config back`
  );
}

interface Found extends TenantLimits, Pick<TenantInputs, 'model' | 'shard'> {
  readonly id: string;
  readonly name: string;
}

async function lookUp(client: Client, state: TenantState): Promise<TenantState | undefined> {
  const { rows } = await client.query<Found>(
    `select id, name, model, shard, max_connections as "maxConnections",
       statement_timeout_ms as "statementTimeoutMs", storage_bytes::float8 as "storageBytes"
     from registry.tenants where slug = $1`,
    [state.slug],
  );
  const row = rows[0];
  if (!row) return undefined;
  const members = await client.query<Member>(
    `select u.handle as user, m.role from registry.members m join registry.users u on u.id = m.user_id
     where m.tenant_id = $1 and u.handle = any ($2::text[])`,
    [row.id, state.members.map(({ user }) => user)],
  );
  const same = canonical(members.rows) === canonical(state.members);
  return {
    ...state,
    tenantId: row.id,
    displayName: row.name,
    model: row.model,
    shard: row.shard,
    limits: {
      maxConnections: row.maxConnections,
      statementTimeoutMs: row.statementTimeoutMs,
      storageBytes: row.storageBytes,
    },
    members: same ? state.members : members.rows,
  };
}

/** Members are a set: their order means nothing. */
function canonical(members: Member[]): string {
  return JSON.stringify(members.map(({ user, role }) => `${user} ${role}`).sort());
}
