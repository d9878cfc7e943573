import { addressOf } from '../../components/services/images/shared/tenant-database/address';
import { mainShard, platformDatabase } from '../../components/tenancy/places';
import { asMaintenance } from '../database/connect';
import type { Clusters } from './clusters';

/**
 * All clusters with tenants, as the registry knows them: `url` connects as the migrator to the one with the registry, and
 * everything but host and port is the same for the others (login, password, TLS, `reach`).
 */
export async function clustersFrom(url: string): Promise<Clusters> {
  const { rows: shards } = await asMaintenance(url, (client) =>
    client.query<{ name: string; host: string; port: number }>(
      'select name, host, port from registry.shards where host is not null order by name',
    ),
  );
  return new Map([
    [mainShard, url],
    ...shards.map(({ name, host, port }): [string, string] => [
      name,
      addressOf(url, { host, port, database: platformDatabase }),
    ]),
  ]);
}
