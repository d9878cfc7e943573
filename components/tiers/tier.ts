import type * as pulumi from '@pulumi/pulumi';
import type { Service } from '../services/service';
import type {
  DatabaseServer,
  DatabaseVolume,
  Placed,
  SecretValue,
  Target,
} from '../targets/target';

/** What every tier is given: the parts to place, and the target to place them on. */
export interface TierArgs {
  readonly target: Target;
  readonly services: readonly Service[];
  readonly databaseVolume: DatabaseVolume;
  readonly databasePassword: pulumi.Output<string>;
  /** Changes when what a service reads of the schema does. */
  readonly schemaVersion: string;
  /** Fills the database; nothing that reads it starts before that is done. */
  readonly schema: (database: DatabaseServer) => pulumi.Resource;
  readonly secret: (database: DatabaseServer) => SecretValue;
}

/** How many, and how split: a component that places the services on servers. */
export interface Tier extends pulumi.ComponentResource {
  readonly database: DatabaseServer;
  readonly placed: readonly Placed[];
}
