import * as pulumi from '@pulumi/pulumi';
import { DatabaseServer as Server } from '../../provider/sdk';
import { platformDatabase, mainShard } from '../tenancy/places';
import type { TenancySettings } from '../settings/tenancy';
import type { DatabaseServer } from '../targets/target';
import type { Credentials } from './credentials';
import { databaseUrl } from './urls';

/** A database cluster that gets the platform's SQL. */
export interface Cluster {
  /** The name of the shard. */
  readonly name: string;
  /** URL of whoever may make roles, to the database `strata`; secret. */
  readonly admin: pulumi.Output<string>;
  /** URL of `strata_migrator`, to the same; secret. */
  readonly migrator: pulumi.Output<string>;
  /** System identifier. */
  readonly id: pulumi.Output<string>;
  /** What is gone together with everything in it. */
  readonly volume?: pulumi.Resource;
}

/** The platform's own cluster. */
export function mainCluster(database: DatabaseServer, credentials: Credentials): Cluster {
  return {
    name: mainShard,
    admin: databaseUrl(database.reach, database.admin, credentials.databaseAdmin),
    migrator: databaseUrl(database.reach, 'strata_migrator', credentials.logins.strata_migrator),
    id: database.cluster,
    volume: database.volume.resource,
  };
}

/** What a shard of the config is made from. */
interface ShardParts {
  readonly name: string;
  readonly shard: TenancySettings['shards'][string];
  /** Statements that the admin runs in the new database. */
  readonly setup: readonly string[];
  /** `strata:secrets`. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
  readonly credentials: Credentials;
}

/** A cluster that somebody else runs: its admin makes the database `strata` there, where it is not yet. */
export function shardCluster(parts: ShardParts, opts: pulumi.CustomResourceOptions): Cluster {
  const { name, shard, setup, secrets, credentials } = parts;
  const given = secrets[shard.url];
  if (!given) throw new Error(`strata:secrets has no "${shard.url}": the settings refuse that`);
  const admin = pulumi.secret(given.apply((url) => withDatabase(url)));
  const server = new Server(
    `shard-${name}`,
    { url: admin, setup: [...setup], volume: name, instance: shard.host },
    opts,
  );
  const migrator = pulumi
    .all([admin, credentials.logins.strata_migrator])
    .apply(([url, password]) => as(url, 'strata_migrator', password));
  return { name, admin, migrator: pulumi.secret(migrator), id: server.systemIdentifier };
}

function withDatabase(text: string): string {
  const url = new URL(text);
  url.pathname = `/${platformDatabase}`;
  return url.href;
}

function as(text: string, role: string, password: string): string {
  const url = new URL(text);
  url.username = role;
  url.password = password;
  return url.href;
}
