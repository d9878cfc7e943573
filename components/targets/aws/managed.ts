import type * as pulumi from '@pulumi/pulumi';
import { names } from '../../data/names';
import { hasManagedCache, hasManagedDatabase } from '../../settings/aws';
import { cacheNode } from '../../settings/elasticache';
import type { Settings } from '../../settings/schema';
import type { Deployment, Placed } from '../target';
import type { WatchedCache, WatchedDatabase } from './alarms/watched-data';
import type { Base } from './base';
import { Cache } from './cache';
import { cachePort, managedDatabasePort } from './constants';
import { databaseOf } from './database';
import type { Doors } from './doors';
import type { ManagedDatabase } from './managed-database';
import type { Network } from './network';

/** What AWS runs in the place of servers of the platform. */
export interface Managed {
  readonly database?: ManagedDatabase;
  readonly cache?: Cache;
  /** What alarms are told of. */
  readonly watched: { readonly database?: WatchedDatabase; readonly cache?: WatchedCache };
}

/** The port of each, for the doors that lead there. */
export function managedPorts(settings: Settings): Record<string, number> {
  return {
    ...(hasManagedDatabase(settings) && { database: managedDatabasePort }),
    ...(hasManagedCache(settings) && { cache: cachePort }),
  };
}

/** Below the platform, as volumes are where servers have them. */
export function managedOf(
  base: Base,
  network: Network,
  doors: Doors,
  deployment: Deployment,
  opts: pulumi.ComponentResourceOptions,
): Managed {
  const { settings } = base;
  const { database, watched } = hasManagedDatabase(settings)
    ? databaseOf(base, network, doors, deployment, opts)
    : {};
  const cache = hasManagedCache(settings) ? cacheOf(base, network, doors, deployment) : undefined;
  return {
    ...(database && { database }),
    ...(cache && { cache }),
    watched: {
      ...(watched && { database: watched }),
      ...(cache && { cache: { nodes: cache.nodes } }),
    },
  };
}

/** Service → what stands for it, and where. */
export function placedAtAws({
  database,
  cache,
}: Managed): Readonly<Record<string, Pick<Placed, 'resource' | 'where'>>> {
  return {
    ...(database && { database: { resource: database.instance, where: 'Amazon RDS' } }),
    ...(cache && { redis: { resource: cache.group, where: 'Amazon ElastiCache' } }),
  };
}

function cacheOf(
  { settings, key, kept }: Base,
  network: Network,
  doors: Doors,
  { secret }: Deployment,
): Cache {
  const value = secret();
  return new Cache(
    names.volume('queue', 1),
    {
      subnets: network.subnets('isolated'),
      securityGroup: doors.ofManaged('cache'),
      key,
      nodeType: cacheNode(settings).type,
      snapshotDays: settings.aws.elasticache.snapshotDays,
      password: (user) => value({ passwordOf: user }),
    },
    kept,
  );
}
