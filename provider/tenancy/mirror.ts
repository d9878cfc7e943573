import type { Client } from 'pg';
import { asMaintenance, inTransaction } from '../database/connect';
import type { Tenant } from './tenant';

/** A tenant's people, as the registry has them. */
export interface People {
  readonly users: readonly { readonly id: string; readonly handle: string }[];
  readonly members: readonly { readonly userId: string; readonly role: 'admin' | 'member' }[];
}

/** The people of a tenant. `client` is maintenance, in the database with the registry. */
export async function peopleOf(client: Client, tenantId: string): Promise<People> {
  const { rows } = await client.query<{ id: string; handle: string; role: 'admin' | 'member' }>(
    `select u.id, u.handle, m.role from registry.members m join registry.users u on u.id = m.user_id
     where m.tenant_id = $1 order by u.id`,
    [tenantId],
  );
  return {
    users: rows.map(({ id, handle }) => ({ id, handle })),
    members: rows.map(({ id, role }) => ({ userId: id, role })),
  };
}

/**
 * Brings the copy of a tenant and its people in another database to what the registry says: what is not there any more
 * goes there too. That database sees the tenant as one of its own, so it says `shared` and `main` of a tenant whose
 * database it is. What is the same is not written: "on conflict do update" of a key, even to what it is, would wait for
 * every writer of the tenant. `url` connects as the migrator.
 */
export function mirror(url: string, tenant: Tenant, people: People): Promise<void> {
  const model = tenant.model === 'schema' ? 'schema' : 'shared';
  const row = [tenant.id, tenant.slug, tenant.name, model, tenant.status];
  return asMaintenance(url, async (client) => {
    await client.query(
      `insert into registry.tenants (id, slug, name, model, status) values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing`,
      row,
    );
    await client.query(
      `update registry.tenants set slug = $2, name = $3, model = $4, status = $5
         where id = $1 and (slug, name, model, status) is distinct from ($2, $3, $4, $5)`,
      row,
    );
    const users = [people.users.map(({ id }) => id), people.users.map(({ handle }) => handle)];
    await client.query(
      `insert into registry.users (id, handle) select * from unnest($1::uuid[], $2::text[])
         on conflict (id) do nothing`,
      users,
    );
    await client.query(
      `update registry.users u set handle = sent.handle
         from unnest($1::uuid[], $2::text[]) as sent (id, handle)
         where u.id = sent.id and u.handle <> sent.handle`,
      users,
    );
    const userIds = people.members.map(({ userId }) => userId);
    await client.query(
      'delete from registry.members where tenant_id = $1 and user_id <> all ($2::uuid[])',
      [tenant.id, userIds],
    );
    await client.query(
      `insert into registry.members (tenant_id, user_id, role)
         select $1, m.* from unnest($2::uuid[], $3::text[]) as m
         on conflict (tenant_id, user_id) do update set role = excluded.role
           where members.role <> excluded.role`,
      [tenant.id, userIds, people.members.map(({ role }) => role)],
    );
    await deleteStrangers(client);
  });
}

/** Takes the copy away. `client` is the migrator at the other cluster's `strata`, which has copies of its own tenants only. */
export async function forget(client: Client, tenantId: string): Promise<void> {
  await inTransaction(client, 'strata_maintenance', async () => {
    await client.query('delete from registry.tenants where id = $1', [tenantId]);
    await deleteStrangers(client);
  });
}

/** A copy has nobody who is a member of no tenant. */
async function deleteStrangers(client: Client): Promise<void> {
  await client.query(
    'delete from registry.users u where not exists (select from registry.members m where m.user_id = u.id)',
  );
}
