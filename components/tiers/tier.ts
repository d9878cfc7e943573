import type * as pulumi from '@pulumi/pulumi';
import type { Service, Workload } from '../services/service';
import type { DatabaseServer, DataVolumes, Placed, SecretValue, Target } from '../targets/target';

/** What every tier is given: the parts to place, and the target to place them on. */
export interface TierArgs {
  readonly target: Target;
  /** The database server's own description; it is placed before all others. */
  readonly database: Workload;
  readonly services: readonly Service[];
  readonly volumes: DataVolumes;
  readonly databasePassword: pulumi.Output<string>;
  /** Changes when what a service reads of the schema does. */
  readonly schemaVersion: string;
  /** Fills the database; nothing that reads it starts before that is done. */
  readonly schema: (database: DatabaseServer) => pulumi.Resource;
  /** What has to be told to a service that has just become healthy, before anybody comes to it. */
  readonly complete: (
    placed: Placed,
    database: DatabaseServer,
    opts: pulumi.CustomResourceOptions,
  ) => pulumi.Resource | undefined;
  /** Connection URLs only once there is a server. */
  readonly secret: (database?: DatabaseServer) => SecretValue;
}

/** How many, and how split: a component that places the services on servers. */
export interface Tier extends pulumi.ComponentResource {
  readonly database: DatabaseServer;
  readonly placed: readonly Placed[];
}
