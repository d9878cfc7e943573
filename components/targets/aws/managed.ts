import type * as pulumi from '@pulumi/pulumi';
import { names } from '../../data/names';
import { hasManagedCache } from '../../settings/aws';
import { declaredDatabases, hasManagedDatabase } from '../../settings/aws-database';
import { cacheNode } from '../../settings/elasticache';
import type { Settings } from '../../settings/schema';
import type { Deployment, Placed, ServerGroup } from '../target';
import type { WatchedCache, WatchedDatabase } from './alarms/watched-data';
import type { Base } from './base';
import { Cache } from './cache';
import { cachePort, managedDatabasePort } from './constants';
import { databaseOf } from './database';
import type { Doors, DoorsArgs } from './doors';
import type { ManagedDatabase } from './managed-database';
import type { Network } from './network';
import { places } from './places';

/** What AWS runs in the place of servers of the platform. */
export interface Managed {
  /** Absent where a server's is used, also beside one that is being filled. */
  readonly database?: ManagedDatabase;
  readonly cache?: Cache;
  /** What alarms are told of. */
  readonly watched: { readonly database?: WatchedDatabase; readonly cache?: WatchedCache };
}

/** The doors that lead there. */
export function managedDoors(
  settings: Settings,
  groups: readonly ServerGroup[],
): Required<DoorsArgs>['managed'] {
  const all = groups.map(({ name }) => name);
  // One that is not used yet is filled from where Postgres is.
  const fromPostgres = groups.filter(hasDatabase).map(({ name }) => name);
  const callers = hasManagedDatabase(settings) ? all : fromPostgres;
  return {
    ...(declaredDatabases(settings.aws).managed && {
      database: { port: managedDatabasePort, callers },
    }),
    ...(hasManagedCache(settings) && { cache: { port: cachePort, callers: all } }),
  };
}

/** Whether Postgres is among what a group runs. */
export function hasDatabase({ services }: ServerGroup): boolean {
  return services.some(({ name }) => name === 'database');
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
  const { managed: generation } = declaredDatabases(settings.aws);
  const { database, watched } =
    generation === undefined ? {} : databaseOf(base, generation, network, doors, deployment, opts);
  const cache = hasManagedCache(settings) ? cacheOf(base, network, doors, deployment) : undefined;
  return {
    ...(database && hasManagedDatabase(settings) && { database }),
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
    ...(database && { database: { resource: database.instance, where: places.database } }),
    ...(cache && { redis: { resource: cache.group, where: places.cache } }),
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
