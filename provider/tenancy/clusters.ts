import { mainShard, type Place } from '../../components/tenancy/places';
import { RefusedError } from './wanted';

/** Shard → connection URL of `strata_migrator` to its database `strata`; secret. */
export type Clusters = ReadonlyMap<string, string>;

/** The URL of the database with the registry. */
export function registryUrl(clusters: Clusters): string {
  return clusterUrl(clusters, mainShard);
}

/** The URL of a shard's database `strata`. Throws one sentence when nobody knows the shard. */
export function clusterUrl(clusters: Clusters, shard: string): string {
  const url = clusters.get(shard);
  if (url === undefined) {
    throw new RefusedError(
      `There is no shard "${shard}". Shards: ${[...clusters.keys()].join(', ')} (strata:tenancy.shards)`,
    );
  }
  return url;
}

/** The URL of the database in which a tenant's rows are. */
export function placeUrl(
  clusters: Clusters,
  { shard, database }: Pick<Place, 'shard' | 'database'>,
): string {
  return databaseAt(clusterUrl(clusters, shard), database);
}

/** The same connection to another database of the cluster. */
export function databaseAt(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
