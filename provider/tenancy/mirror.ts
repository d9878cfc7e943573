import type { Client } from 'pg';
import { UserError } from '../../engine/errors';
import { asMaintenance, inTransaction } from '../database/connect';
import { deleteStrangers, endMemberships } from './people';
import type { Tenant } from './tenant';

/** What another database has a copy of: a tenant and its people, as the registry has them. */
export interface Original extends Pick<Tenant, 'slug' | 'name' | 'status'> {
  readonly people: readonly Person[];
}

interface Person {
  readonly id: string;
  readonly handle: string;
  readonly role: 'admin' | 'member';
}

/** A tenant and its people. `client` is maintenance, in the database with the registry. */
export async function originalOf(
  client: Client,
  { id, slug }: Pick<Tenant, 'id' | 'slug'>,
): Promise<Original> {
  const { rows: people } = await client.query<Person>(
    `select u.id, u.handle, m.role from registry.members m join registry.users u on u.id = m.user_id
     where m.tenant_id = $1 order by u.id`,
    [id],
  );
  const { rows } = await client.query<Omit<Original, 'people'>>(
    'select slug, name, status from registry.tenants where id = $1',
    [id],
  );
  const [tenant] = rows;
  if (!tenant) throw new UserError(`${slug} is no longer in the registry: somebody deleted it`);
  return { ...tenant, people };
}

/**
 * Brings the copy of a tenant and its people in another database to what the registry says: what is not there any more
 * goes there too. That database sees the tenant as one of its own, so it says `shared` and `main` of a tenant whose
 * database it is. What is the same is not written: "on conflict do update" of a key, even to what it is, would wait for
 * every writer of the tenant. `url` connects as the migrator; `read` asks the registry.
 */
export function mirror(
  url: string,
  { id, model: own }: Pick<Tenant, 'id' | 'model'>,
  read: () => Promise<Original>,
): Promise<void> {
  return asMaintenance(url, async (client) => {
    // Before it is read: who writes later has read later.
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `strata.mirror ${id}`,
    ]);
    const { slug, name, status, people } = await read();
    const model = own === 'schema' ? 'schema' : 'shared';
    await writeTenant(client, [id, slug, name, model, status]);
    await writePeople(client, id, people);
  });
}

/** Takes the copy away. `client` is the migrator at the other cluster's `strata`, which has copies of its own tenants only. */
export async function forget(client: Client, tenantId: string): Promise<void> {
  await inTransaction(client, 'strata_maintenance', async () => {
    const people = await endMemberships(client, tenantId);
    await client.query('delete from registry.tenants where id = $1', [tenantId]);
    await deleteStrangers(client, people);
  });
}

async function writeTenant(client: Client, row: readonly string[]): Promise<void> {
  await client.query(
    `insert into registry.tenants (id, slug, name, model, status) values ($1, $2, $3, $4, $5)
       on conflict (id) do nothing`,
    [...row],
  );
  await client.query(
    `update registry.tenants set slug = $2, name = $3, model = $4, status = $5
       where id = $1 and (slug, name, model, status) is distinct from ($2, $3, $4, $5)`,
    [...row],
  );
}

async function writePeople(
  client: Client,
  tenantId: string,
  people: readonly Person[],
): Promise<void> {
  const ids = people.map(({ id }) => id);
  // Before the others come: one of them may have the handle of somebody who left.
  await deleteStrangers(client, await endMemberships(client, tenantId, ids));
  const users = [ids, people.map(({ handle }) => handle)];
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
  await client.query(
    `insert into registry.members (tenant_id, user_id, role)
       select $1, m.* from unnest($2::uuid[], $3::text[]) as m
       on conflict (tenant_id, user_id) do update set role = excluded.role
         where members.role <> excluded.role`,
    [tenantId, ids, people.map(({ role }) => role)],
  );
}
