import type { Client } from 'pg';
import type { PooledShard, PooledTenant, Registry } from '../../database/pooler-tenants';

/** What the registry says at one moment; `client` is logged in as strata_pooler. */
export async function readRegistry(client: Client): Promise<Registry> {
  await client.query('begin isolation level repeatable read, read only');
  const tenants = await client.query<PooledTenant>(
    'select id, shard, generation, max_connections as "maxConnections" from tenancy.pooled_tenants()',
  );
  const shards = await client.query<PooledShard>(
    'select name, host, port from tenancy.pooled_shards()',
  );
  await client.query('commit');
  return { tenants: tenants.rows, shards: shards.rows };
}
