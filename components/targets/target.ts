import type * as pulumi from '@pulumi/pulumi';
import type {
  BucketContent,
  SecretSource,
  Service,
  VolumeContent,
  Workload,
} from '../services/service';
import type { TargetName } from '../settings/schema';

/** What keeps data. */
export interface DataVolume {
  readonly resource: pulumi.Resource;
  /** Where the target finds it: a path, a volume's name, an instance's identifier. */
  readonly location: pulumi.Output<string>;
}

/** By what they hold: those that the services of a deployment use. */
export type DataVolumes = Readonly<Partial<Record<VolumeContent, DataVolume>>>;

/** A store of objects that the target makes, and the key that opens it and nothing else. */
export interface DataBucket {
  readonly name: pulumi.Output<string>;
  readonly keyId: pulumi.Output<string>;
  /** Secret. */
  readonly key: pulumi.Output<string>;
}

/** By what they hold: those that the services of a deployment open. */
export type DataBuckets = Readonly<Partial<Record<BucketContent, DataBucket>>>;

/** What a generated password is made of. */
export interface PasswordShape {
  readonly length: number;
  /** Letters and digits, or hexadecimal digits. */
  readonly alphabet: 'letters' | 'hex';
}

/** Where a database server is found, and with which parameters of a connection URL. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Parameters of the URL, such as `sslmode`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A database server as the rest of the platform sees it, wherever it runs. */
export interface DatabaseServer {
  readonly volume: DataVolume;
  /** From the engine's machine. */
  readonly reach: Address;
  /** From services. */
  readonly inside: Address;
  /** The pooler in front of it, from services; the server itself where there is none. */
  readonly pooled: Address;
  /** The role that may make roles and schemas. */
  readonly admin: string;
  /** System identifier of the cluster: what was applied to another one was not applied to this. */
  readonly cluster: pulumi.Output<string>;
  readonly placed: Placed;
}

/** Where a service ended up; `resource` exists only once the service is healthy. */
export interface Placed {
  readonly name: string;
  readonly kind: 'database' | 'workload' | 'job';
  readonly resource: pulumi.Resource;
  /** A URL that answers when the service is healthy. */
  readonly health?: string;
  /** `http://127.0.0.1:25433`, from the engine's machine; `?reach=…` leads through ssh or SSM. Where the service says it. */
  readonly reach?: string;
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
  readonly volumes: DataVolumes;
  readonly schemaVersion: string;
}

export interface DatabaseArgs {
  readonly service: Workload;
  readonly volume: DataVolume;
  readonly password: pulumi.Output<string>;
  /** Whether a pooler stands in front of it. */
  readonly pooler: boolean;
  /** Knows everything but connection URLs: there is no server yet. */
  readonly secret: SecretValue;
}

/** Where services find what keeps data; what AWS runs is known once it is made. */
export interface Addresses {
  readonly inside: pulumi.Input<Address>;
  readonly pooled: pulumi.Input<Address>;
  /** Certificates (PEM) of who signed the database's own, where that is not the platform. */
  readonly authority?: string;
  /** The host name of a cache that is no service of the platform's own. */
  readonly cache?: pulumi.Output<string>;
}

/** What a server is for; a tier says which there are. */
type GroupName = 'server' | 'data' | 'operations' | 'app';

/** Like servers, each with the same services. */
export interface ServerGroup {
  readonly name: GroupName;
  /** How many of them there are. */
  readonly count: number;
  /** The database's own among them, where it stands here. Whoever needs a service of another group finds it there. */
  readonly services: readonly Service[];
  /** Requests from outside are spread over them, so none of them is the only one that has something. */
  readonly balanced: boolean;
}

/** What every tier is given: the parts to place. */
export interface Parts {
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
  readonly secret: (database?: Addresses) => SecretValue;
}

/** The same with the servers that a tier makes of it; a group comes after those that its services need. */
export interface Deployment extends Parts {
  readonly groups: readonly ServerGroup[];
}

/** What became of a deployment. */
export interface Deployed {
  /** The database, from the engine's machine. */
  readonly reach: pulumi.Input<Address>;
  /** What the domain's DNS records have to lead to: a public address or a host name. Absent where the target has none of its own. */
  readonly entrance?: pulumi.Output<string>;
  readonly placed: readonly Placed[];
}

/**
 * On what the platform runs: realises a closed set of kinds as the resources of one provider.
 *
 * Each function registers resources below `opts.parent` and returns what the others need to know of them.
 */
export interface Target {
  readonly name: TargetName;
  /**
   * How the schema gets into the database: by resources, from the engine's machine (`direct`); or by a job beside it
   * (`job`), because that machine does not get there before the servers run.
   */
  readonly reach: 'direct' | 'job';
  /** A generated secret. Its name is the credential's identity. */
  password(
    name: string,
    shape: PasswordShape,
    opts: pulumi.CustomResourceOptions,
  ): pulumi.Output<string>;
  /**
   * The volume of what is to be kept; `owner` is the numeric `uid:gid` that a container works in it as. Nothing where each
   * server fills its own.
   */
  volume(
    content: VolumeContent,
    owner: string,
    opts: pulumi.CustomResourceOptions,
  ): DataVolume | undefined;
  /** The bucket of what is to be kept; where there is none, services bring a store of their own along. */
  bucket?(content: BucketContent, opts: pulumi.ComponentResourceOptions): DataBucket;
  /** The network, the servers and what runs on them. */
  deploy(deployment: Deployment, opts: { readonly parent: pulumi.Resource }): Deployed;
}
