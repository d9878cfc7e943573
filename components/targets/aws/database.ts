import { names } from '../../data/names';
import { managedDatabase } from '../../settings/rds';
import { inside, pooled } from '../addresses';
import type { Addresses, Deployment } from '../target';
import type { WatchedDatabase } from './alarms/watched-data';
import type { Base } from './base';
import { logDays } from './constants';
import { databaseAuthorities } from './database-authorities';
import { databaseParameters } from './database-parameters';
import type { Doors } from './doors';
import { ManagedDatabase, replicas } from './managed-database';
import type { Network } from './network';
import type * as pulumi from '@pulumi/pulumi';

/**
 * The database of a deployment, below the platform, as its volume is where a server has it; its replicas below
 * `opts.parent`. And what alarms are told of both.
 */
export function databaseOf(
  { settings, key, kept, provider }: Base,
  generation: number,
  network: Network,
  doors: Doors,
  { databasePassword }: Deployment,
  { parent }: pulumi.ComponentResourceOptions,
): { readonly database: ManagedDatabase; readonly watched: WatchedDatabase } {
  const plan = managedDatabase(settings);
  const parameters = databaseParameters(settings);
  const database = new ManagedDatabase(
    names.volume('database', generation),
    {
      plan,
      generation,
      key,
      logDays,
      parameters,
      backupHour: settings.database.backup.hour,
      subnets: network.subnets('isolated'),
      securityGroup: doors.ofManaged('database'),
      password: databasePassword,
    },
    kept,
  );
  const copies = replicas(
    plan.replicas,
    database,
    { key, days: logDays },
    { ...(parent && { parent }), provider },
  );
  const most = parameters.find(({ name }) => name === 'max_connections');
  return {
    database,
    watched: {
      identifier: database.identifier,
      storage: plan.storage,
      connections: Number(most?.value),
      replicas: copies,
    },
  };
}

/** Where services find it: with the pooler before it that is always there, and signed by Amazon. */
export function foundAt({ host }: ManagedDatabase, region: string): Addresses {
  return {
    inside: host.apply((known) => ({ ...inside, host: known })),
    pooled,
    authority: databaseAuthorities(region),
  };
}
