import type { Client } from 'pg';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Changes, Resource } from '../host/resource';
import { inTransaction, readLive, withClient } from './connect';

interface Member {
  /** The user's handle, unique in the platform. */
  user: string;
  role: 'admin' | 'member';
}

/**
 * A tenant and its members in the registry.
 *
 * Users are made when they are first named. Members that are named are kept as named; one that is no longer named
 * loses the membership, not the user. Members who joined in another way are nobody's drift.
 * A tenant cannot be deleted this way: its rows are its customers' data.
 */
export interface TenantInputs {
  /** Secret: connects as the migrator; a changed URL is no change of the tenant. */
  url: string;
  cluster: string;
  slug: string;
  displayName: string;
  model: 'shared';
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
    slug: z.string(),
    displayName: z.string(),
    model: z.enum(['shared']),
    members: z.array(z.strictObject({ user: z.string(), role: z.enum(['admin', 'member']) })),
  }),
  computed: ['tenantId'],

  diff(state, inputs): Changes {
    if (state.cluster !== inputs.cluster) return { cluster: 'update' };
    if (state.slug !== inputs.slug) return { slug: 'replace' };
    return {
      ...(state.displayName !== inputs.displayName && { displayName: 'update' as const }),
      ...(canonical(state.members) !== canonical(inputs.members) && { members: 'update' as const }),
    };
  },

  async create(inputs) {
    const tenantId = await write(inputs, []);
    return { id: inputs.slug, state: { ...inputs, tenantId } };
  },

  read: (_id, state) =>
    readLive(state.url, state, (client) => asMaintenance(client, () => lookUp(client, state))),

  async update(_id, state, inputs) {
    const named = new Set(inputs.members.map(({ user }) => user));
    const left = state.members.map(({ user }) => user).filter((user) => !named.has(user));
    return { ...inputs, tenantId: await write(inputs, left) };
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
function write(inputs: TenantInputs, left: readonly string[]): Promise<string> {
  return withClient(inputs.url, (client) =>
    asMaintenance(client, async () => {
      const tenantId = await upsertTenant(client, inputs);
      await upsertMembers(client, tenantId, inputs.members);
      await removeMembers(client, tenantId, left);
      return tenantId;
    }),
  );
}

async function upsertTenant(client: Client, inputs: TenantInputs): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into registry.tenants (slug, name, model) values ($1, $2, $3)
     on conflict (slug) do update set name = excluded.name returning id`,
    [inputs.slug, inputs.displayName, inputs.model],
  );
  const id = rows[0]?.id;
  if (!id) throw new UserError(`the registry took tenant ${inputs.slug} but returned no id`);
  return id;
}

async function upsertMembers(client: Client, tenantId: string, members: Member[]): Promise<void> {
  const handles = members.map((member) => member.user);
  await client.query(
    'insert into registry.users (handle) select unnest($1::text[]) on conflict (handle) do nothing',
    [handles],
  );
  await client.query(
    `insert into registry.members (tenant_id, user_id, role)
     select $1, u.id, m.role
     from unnest($2::text[], $3::text[]) as m (handle, role) join registry.users u using (handle)
     on conflict (tenant_id, user_id) do update set role = excluded.role`,
    [tenantId, handles, members.map((member) => member.role)],
  );
}

async function removeMembers(
  client: Client,
  tenantId: string,
  left: readonly string[],
): Promise<void> {
  await client.query(
    `delete from registry.members m using registry.users u
     where m.tenant_id = $1 and u.id = m.user_id and u.handle = any ($2::text[])`,
    [tenantId, left],
  );
}

async function lookUp(client: Client, state: TenantState): Promise<TenantState | undefined> {
  const { rows } = await client.query<{ id: string; name: string }>(
    'select id, name from registry.tenants where slug = $1',
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
    members: same ? state.members : members.rows,
  };
}

function asMaintenance<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return inTransaction(client, 'strata_maintenance', work);
}

/** Members are a set: their order means nothing. */
function canonical(members: Member[]): string {
  return JSON.stringify(members.map(({ user, role }) => `${user} ${role}`).sort());
}
