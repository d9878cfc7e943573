import type { Client } from 'pg';
import type { Clusters } from './clusters';

/** Why a tenant cannot come to a shard: nobody knows it, or it is full. `client` is maintenance, in the registry. */
export async function roomProblems(
  client: Client,
  clusters: Clusters,
  shard: string,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string; status: 'open' | 'full' }>(
    'select name, status from registry.shards order by name',
  );
  const open = rows.filter(({ name, status }) => status === 'open' && clusters.has(name));
  const there = `shards with room: ${open.map(({ name }) => name).join(', ') || 'none'}`;
  const found = rows.find(({ name }) => name === shard);
  if (!found || !clusters.has(shard)) {
    return [`there is no shard ${JSON.stringify(shard.slice(0, 63))}; ${there}`];
  }
  return found.status === 'open' ? [] : [`the shard ${shard} is full; ${there}`];
}
