import type * as pulumi from '@pulumi/pulumi';
import type { Job, SecretSource, Service, Workload } from '../services/service';
import type { Problem } from '../settings/errors';
import type { Settings, TargetName } from '../settings/schema';

/** What keeps the database's data. */
export interface DatabaseVolume {
  readonly resource: pulumi.Resource;
  /** Where the target finds it: a path, a volume's name, an instance's identifier. */
  readonly location: pulumi.Output<string>;
}

/** A database server as the rest of the platform sees it, wherever it runs. */
export interface DatabaseServer {
  readonly volume: DatabaseVolume;
  readonly host: string;
  readonly port: number;
  /** The role that may make roles and schemas. */
  readonly admin: string;
  /** System identifier of the cluster: what was applied to another one was not applied to this. */
  readonly cluster: pulumi.Output<string>;
  readonly placed: Placed;
}

export interface DatabaseArgs {
  readonly volume: DatabaseVolume;
  readonly password: pulumi.Output<string>;
}

/** Where a service ended up; `resource` exists only once the service is healthy. */
export interface Placed {
  readonly name: string;
  readonly kind: 'database' | 'workload' | 'job';
  readonly resource: pulumi.Resource;
  /** A URL that answers when the service is healthy. */
  readonly health?: string;
  /** In words: what it is there and on which machine. */
  readonly where: string;
  /** Endpoint name → URL. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** Values that services ask for by name. */
export type SecretValue = (source: SecretSource) => pulumi.Output<string>;

export interface ServiceArgs<S extends Service> {
  readonly service: S;
  readonly secret: SecretValue;
  readonly schemaVersion: string;
}

/**
 * On what the platform runs: realises a closed set of kinds as the resources of one provider.
 *
 * Each function registers resources below `opts.parent` and returns what the others need to know of them.
 */
export interface Target {
  readonly name: TargetName;
  /** What this target cannot do of what the settings ask; empty when it can do all. */
  refusals(settings: Settings): Problem[];
  /** Its name is the data's identity. */
  databaseVolume(name: string, opts: pulumi.CustomResourceOptions): DatabaseVolume;
  database(args: DatabaseArgs, opts: pulumi.CustomResourceOptions): DatabaseServer;
  workload(args: ServiceArgs<Workload>, opts: pulumi.CustomResourceOptions): Placed;
  job(args: ServiceArgs<Job>, opts: pulumi.CustomResourceOptions): Placed;
}
