import type { Route } from './route';
import type { VendorName } from './vendors';

/**
 * What runs, in Compose's vocabulary: plain data that knows neither where it runs nor how many servers there are.
 * A target turns each kind into its own resources. Services reach each other by their names: where there are
 * containers, a service's name is its host name.
 */
export type Service = Workload | Job;

/** A value that the platform makes or is given and a service is handed as a file; its name is never the value. */
export type SecretSource =
  /** A connection URL of a login role; `direct` passes the pooler by, for LISTEN and session settings. */
  | { readonly database: LoginRole; readonly direct?: boolean }
  /** A connection URL of a vendor's service to the database that it owns, past the pooler. */
  | { readonly vendor: VendorName }
  /** A connection URL of a user of the cache, such as `redis://guard:…@redis:6379`. */
  | { readonly redis: RedisUser }
  /** Something generated once for this platform. */
  | { readonly platform: PlatformSecret }
  /** The password alone of a login role or of a user of the cache. */
  | { readonly passwordOf: LoginRole | 'database-admin' | RedisUser }
  /** The host of the cache, where only the deployment knows it. */
  | { readonly cacheHost: true }
  /** A certificate for a host name of the platform, signed by its own authority; when it ends in seconds since 1970. */
  | { readonly certificate: string; readonly part: CertificatePart }
  /** The certificate of that authority; of `database`, those of whoever signed what the database and its pooler show. */
  | { readonly authority: 'certificate' | 'database' }
  /** The host of the database, where only the deployment knows it. */
  | { readonly databaseHost: true }
  /** The key of clients without anybody signed in; public, but made of a secret. */
  | { readonly anonKey: true }
  /** What a bucket that the target makes is called, and the key that opens it. */
  | { readonly bucket: BucketContent; readonly part: BucketPart }
  /** A member of `strata:secrets`. */
  | { readonly config: string };

export type CertificatePart = 'certificate' | 'key' | 'expires';

/** What a bucket holds: the part of its name that is other people's state (components/data/names.ts). */
export type BucketContent = 'storage' | 'backups';

type BucketPart = 'name' | 'keyId' | 'key';

export type LoginRole =
  | 'strata_migrator'
  | 'strata_authenticator'
  | 'strata_hasura'
  | 'strata_app'
  | 'strata_auditor'
  | 'strata_guard'
  | 'strata_dispatcher'
  | 'strata_sessions'
  | 'strata_admin_page'
  | 'strata_pooler'
  | 'strata_monitor'
  | 'strata_oauth'
  | 'strata_realtime';

/** Who may log in to the cache, each with its own keys and commands. */
export type RedisUser =
  'guard' | 'functions' | 'storage' | 'app' | 'tenants' | 'oauth' | 'realtime' | 'monitor';

/** What is generated once and kept as long as the data. */
export type PlatformSecret =
  /** Signs and verifies access tokens. */
  | 'jwt-key'
  /** Between the object store's nodes (64 hex digits). */
  | 'storage-rpc'
  /** The object store's administration. */
  | 'storage-admin'
  /** What the passwords of tenants' logins to their own databases are derived from. */
  | 'tenant-logins'
  /** What each tenant's key to the object store is derived from. */
  | 'storage-master'
  /** Encrypts backups. */
  | 'backup-cipher'
  /** The id of the key to the bucket of backups, without what the object store puts before it (24 hex digits). */
  | 'backup-key-id'
  /** That key (64 hex digits). */
  | 'backup-key'
  /** What the OAuth server's keys are derived from (64 hex digits). */
  | 'oauth-key'
  /** The id of the key to the bucket of Supabase's storage (24 hex digits), and that key (64). */
  | 'supabase-storage-key-id'
  | 'supabase-storage-key'
  /** Between Supabase's Studio and what it asks about the database. */
  | 'meta-crypto'
  /** Makes the pooler read its files. */
  | 'pooler-console'
  /** Logs in to what only the platform's operators see. */
  | 'operator'
  /** May do everything in Hasura. */
  | 'hasura-admin'
  /** Encrypts second factors in Hasura Auth's tables (64 hex digits). */
  | 'auth-encryption';

interface Resources {
  readonly cpus?: number | undefined;
  /** Such as `512M` or `2G`. */
  readonly memory?: string | undefined;
}

/** A text in which each `{{NAME}}` is replaced by the secret of that name; so it is a secret itself. */
export interface Template {
  readonly template: string;
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

/** A file's text. */
export type FileContent = string | Template;

/** A program of ours or of the user's that Node runs: a target with containers makes an image of it. */
interface Program {
  /** File name → entry point in the project, bundled into that file. */
  readonly entries: Readonly<Record<string, string>>;
}

/** An image that is built from a folder of the project. */
interface Build {
  /** Relative to the project. */
  readonly context: string;
  /** Relative to the context. */
  readonly dockerfile?: string;
}

/** Where files and secrets lie in a container. */
export const containerPaths = {
  files: '/run/strata/files',
  secrets: '/run/strata/secrets',
  program: '/app',
} as const;

/** What a volume holds: the part of its name that is other people's state (components/data/names.ts). */
export type VolumeContent =
  | 'database'
  | 'queue'
  | 'storage'
  | 'exports'
  | 'pooler'
  | 'metrics'
  | 'alerts'
  | 'logs'
  | 'traces'
  | 'certificates'
  | 'signatures';

interface Runnable {
  /** Unique in a deployment; lower case, digits and hyphens. */
  readonly name: string;
  /** One of `program`, `image` and `build` says what a container is made from; embedded runs programs and commands only. */
  readonly program?: Program;
  /** A container image in full, mirror and override applied: `image(settings, 'redis')`. */
  readonly image?: string;
  readonly build?: Build;
  /** What runs; the image's own command when not given. `{program}` stands for the folder that holds the program. */
  readonly command?: readonly string[];
  /** Replaces the image's entry point. */
  readonly entrypoint?: readonly string[];
  /** Relative to the project; the project itself when not given. Only where there are no containers. */
  readonly workdir?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Variable name → source; the process finds the file's path in `${name}_FILE`. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** Only for images that read nothing but variables (docs/hardening.md lists them): they stand in `docker inspect`. */
  readonly secretEnvironment?: Readonly<Record<string, SecretSource | Template>>;
  /** Relative file name → content, below `containerPaths.files`. */
  readonly files: Readonly<Record<string, FileContent>>;
  /** Absolute path in the container → what the volume there holds. */
  readonly volumes?: Readonly<Record<string, VolumeContent>>;
  /** Absolute paths that are writable and forgotten. */
  readonly scratch?: readonly string[];
  /** Numeric `uid:gid`; the files and secrets belong to it. */
  readonly user?: string;
  /** The root file system can be written; only where an image needs that. */
  readonly writableRoot?: boolean;
  /** Linux capabilities that are kept; all others are dropped. */
  readonly capabilities?: readonly string[];
  /** Folder of the host → where it is mounted read-only: exporters of the host's own figures. */
  readonly hostFolders?: Readonly<Record<string, string>>;
  /** Upper limits; none where not given, but for a job's memory: 512M. */
  readonly resources?: Resources;
  /** Names of services that must be healthy first. */
  readonly needs: readonly string[];
}

/** Where the figures of a service come from. */
type Metrics =
  | { readonly port: number; readonly path: string }
  /** A service of monitoring asks it and has them. */
  | { readonly exporter: string }
  /** It has none: why, and what is looked at instead. Goes into docs/services.md. */
  | { readonly none: string };

/** A service that keeps running. */
export interface Workload extends Runnable {
  readonly kind: 'workload';
  /** The port that it listens on, on its own address. A worker has none. */
  readonly port?: number;
  /** Further ports that other services ask, besides `port` and that of its figures. */
  readonly expose?: readonly number[];
  /** A path that answers 2xx when the service can do its work; without one an open port is enough. */
  readonly health?: string;
  /** Run in the container, for what has no health path; exit code 0 is healthy. */
  readonly healthCommand?: readonly string[];
  /** Where Prometheus reads its figures; the platform's own services say so of each. */
  readonly metrics?: Metrics;
  /** Port of the host → port of the service: the gateway's, and what the config says. */
  readonly published?: Readonly<Record<number, number>>;
  /** The engine's machine reaches this port of the first replica, by a port of the host's loopback address. */
  readonly reach?: { readonly port: number; readonly hostPort: number } | undefined;
  /** Parameters of the kernel, for the container's own network. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** It reads the schema when it starts, so it starts anew when that changes. */
  readonly readsSchema: boolean;
  /** What callers use, by endpoint name. */
  readonly routes: Readonly<Record<string, Route>>;
  readonly replicas: number;
  /** How long a stopped replica may take to finish what it is doing; 10 when not given. */
  readonly stopGraceSeconds?: number;
}

/** Something that runs to its end, again whenever it changes. */
export interface Job extends Runnable {
  readonly kind: 'job';
  readonly timeoutSeconds: number;
}
