/**
 * What runs, in Compose's vocabulary: plain data that knows neither where it runs nor how many servers there are.
 * A target turns each kind into its own resources.
 */
export type Service = Workload | Job;

/** A value that the platform makes and a service is handed as a file; its name is never the value. */
export type SecretSource =
  /** A connection URL of a login role, to the database that the tier placed. */
  | { readonly database: LoginRole }
  /** The key that signs and verifies access tokens. */
  | { readonly platform: 'jwt-key' };

export type LoginRole =
  'strata_migrator' | 'strata_authenticator' | 'strata_hasura' | 'strata_app' | 'strata_auditor';

interface Resources {
  readonly cpus?: number | undefined;
  /** Such as `512M` or `2G`. */
  readonly memory?: string | undefined;
}

interface Runnable {
  /** Unique in a deployment; lower case, digits and hyphens. */
  readonly name: string;
  /** Container image; a target without containers runs `command` instead. */
  readonly image?: string;
  /** What runs; `{files}` stands for the folder that holds `files`. */
  readonly command: readonly string[];
  /** Relative to the project; the project itself when not given. */
  readonly workdir?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Variable name → source; the process finds the file's path in `${name}_FILE`. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** Relative file name → content. */
  readonly files: Readonly<Record<string, string>>;
  /** Upper limits; none where not given. */
  readonly resources?: Resources;
  /** Names of services that must be healthy first. */
  readonly needs: readonly string[];
}

/** A service that keeps running. */
export interface Workload extends Runnable {
  readonly kind: 'workload';
  /** The port that it listens on, on its own address. A worker has none. */
  readonly port?: number;
  /** A path that answers 2xx when the service can do its work; without one an open port is enough. */
  readonly health?: string;
  /** It reads the schema when it starts, so it starts anew when that changes. */
  readonly readsSchema: boolean;
  /** Paths that callers use, by endpoint name. */
  readonly routes: Readonly<Record<string, string>>;
  readonly replicas: number;
}

/** Something that runs to its end, again whenever it changes. */
export interface Job extends Runnable {
  readonly kind: 'job';
  readonly timeoutSeconds: number;
}
