import type { Client } from 'pg';
import { quoteTable } from '../../../components/tenancy/identifiers';
import { appSchema, mainShard, placeOf } from '../../../components/tenancy/places';
import { asMaintenance, inTransaction, withClient } from '../../database/connect';
import type { Clusters } from '../clusters';
import { dropPlace } from '../drop-place';
import { deleteStrangers, endMemberships } from '../people';
import type { Platform } from '../provision';
import type { Tenant } from '../tenant';
import { declaredTables } from './postgres';

/**
 * Takes everything of a tenant out of every cluster, whatever the registry says of its place: database, schema, role,
 * rows, events, keys, files, people who are in no other tenant, its lines in the audit log. Its row in the registry of
 * `main` stays. The tenant's status has to be `deleting`.
 */
export async function removeFromPostgres(platform: Platform, tenant: Tenant): Promise<void> {
  for (const [shard, url] of platform.clusters) {
    await withClient(url, async (client) => {
      for (const model of ['database', 'schema'] as const) {
        await dropPlace(client, tenant.id, placeOf(tenant.id, model, shard));
      }
      await client.query('select strata.drop_tenant_role($1)', [tenant.id]);
      await inTransaction(client, 'strata_maintenance', async () => {
        if (shard !== mainShard) await standIn(client, tenant.id);
        const people = await deleteEverything(client, platform, tenant);
        await client.query('select audit.forget($1)', [tenant.id]);
        if (shard !== mainShard) await dropTenant(client, tenant.id);
        await deleteStrangers(client, people);
      });
    });
  }
}

/** The last row of a tenant, and what the audit log has heard of it since. */
export async function removeFromRegistry(clusters: Clusters, tenant: Tenant): Promise<void> {
  const url = clusters.get(mainShard) ?? '';
  await asMaintenance(url, async (client) => {
    const { rowCount } = await client.query('select from registry.tenants where id = $1', [
      tenant.id,
    ]);
    if (!rowCount) return;
    await client.query('select audit.forget($1)', [tenant.id]);
    await dropTenant(client, tenant.id);
  });
}

/** The audit log is forgotten of a tenant that is known to be deleted, and here nobody may know it any more. */
async function standIn(client: Client, tenantId: string): Promise<void> {
  await client.query(
    `insert into registry.tenants (id, slug, name, status) values ($1, 'deleted-' || $2, 'deleted', 'deleting')
     on conflict (id) do update set status = 'deleting'`,
    [tenantId, tenantId.replaceAll('-', '')],
  );
}

/** Returns who its members were. */
async function deleteEverything(
  client: Client,
  platform: Platform,
  tenant: Tenant,
): Promise<string[]> {
  const id = [tenant.id];
  await client.query('set constraints all deferred');
  for (const { at } of declaredTables(platform, { schema: appSchema }).reverse()) {
    await client.query(`delete from ${quoteTable(at)} where tenant_id = $1`, id);
  }
  await client.query('delete from registry.api_keys where tenant_id = $1', id);
  await client.query('delete from storage.files where tenant_id = $1', id);
  const people = await endMemberships(client, tenant.id);
  await client.query('delete from outbox.events where tenant_id = $1', id);
  await client.query('delete from realtime.changes where tenant_id = $1', id);
  await client.query('delete from registry.tenant_migrations where tenant_id = $1', id);
  await client.query('delete from registry.moves where tenant_id = $1', id);
  await client.query('delete from registry.tenant_jobs where tenant_id = $1 or slug = $2', [
    tenant.id,
    tenant.slug,
  ]);
  await client.query('delete from tenancy.away where tenant_id = $1', id);
  return people;
}

async function dropTenant(client: Client, tenantId: string): Promise<void> {
  await client.query('delete from registry.tenants where id = $1', [tenantId]);
}
