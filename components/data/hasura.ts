import type * as pulumi from '@pulumi/pulumi';
import { Metadata } from '../../provider/sdk';
import type { Plan } from '../plan';
import { metadataPlan } from '../services/hasura/metadata-job';
import type { Settings } from '../settings/schema';
import type { DatabaseServer, Placed } from '../targets/target';
import type { Credentials } from './credentials';
import { mainCluster } from './clusters';

interface Parts {
  readonly placed: Placed;
  readonly database: DatabaseServer;
  readonly plan: Plan;
  readonly settings: Settings;
  readonly credentials: Credentials;
}

/** Everything that Hasura is told, before anybody comes to it. */
export function hasuraMetadata(
  { placed, database, plan, settings, credentials }: Parts,
  opts: pulumi.CustomResourceOptions,
): Metadata {
  const cluster = mainCluster(database, credentials);
  if (placed.reach === undefined) throw new Error('a Hasura that the engine cannot reach');
  return new Metadata(
    'hasura-metadata',
    {
      endpoint: placed.reach,
      adminSecret: credentials.platform['hasura-admin'],
      url: cluster.migrator,
      cluster: cluster.id,
      ...metadataPlan(plan, settings),
    },
    opts,
  );
}
