import * as pulumi from '@pulumi/pulumi';
import { anonKey } from '../services/anon-key';
import type { LoginRole, RedisUser, SecretSource } from '../services/service';
import { vendorRole } from '../services/vendors';
import type { Addresses, DataBuckets, SecretValue } from '../targets/target';
import type { Certificates } from './certificates';
import type { Credentials } from './credentials';
import { databaseUrl, redisText } from './urls';

/** Where values for services come from. */
export interface SecretParts {
  readonly credentials: Credentials;
  readonly certificates: Certificates;
  readonly buckets: DataBuckets;
  /** `strata:secrets`: what the user keeps encrypted in the stack's file. */
  readonly config: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The value of each source that a service may name; connection URLs once there is a server. */
export function secretValues(parts: SecretParts, database?: Addresses): SecretValue {
  return (source) => {
    if ('database' in source) return connection(source, parts.credentials, database);
    if ('vendor' in source) return ownDatabase(source, parts.credentials, database);
    if ('redis' in source) return cache(source.redis, parts.credentials);
    if ('platform' in source) return parts.credentials.platform[source.platform];
    if ('passwordOf' in source) return passwordOf(source.passwordOf, parts.credentials);
    if ('certificate' in source) return parts.certificates.of(source.certificate, source.part);
    if ('authority' in source) return authority(source.authority, parts.certificates, database);
    if ('databaseHost' in source) return host(database);
    if ('cacheHost' in source) return cacheHost(database);
    if ('anonKey' in source) return parts.credentials.platform['jwt-key'].apply(anonKey);
    if ('bucket' in source) return ofBucket(source, parts.buckets);
    return fromConfig(source.config, parts.config);
  };
}

function connection(
  { database: role, direct = false }: Extract<SecretSource, { database: LoginRole }>,
  { logins }: Credentials,
  server: Addresses | undefined,
): pulumi.Output<string> {
  if (!server) throw new Error(`a connection URL of ${role} before there is a database`);
  return databaseUrl(direct ? server.inside : server.pooled, role, logins[role]);
}

function ownDatabase(
  { vendor }: Extract<SecretSource, { vendor: unknown }>,
  { vendors }: Credentials,
  server: Addresses | undefined,
): pulumi.Output<string> {
  if (!server) throw new Error(`a connection URL of ${vendor} before there is a database`);
  const role = vendorRole(vendor);
  return databaseUrl(server.inside, role, vendors[vendor], role);
}

/** Who connects to the database comes to the pooler too, whose certificate is the platform's. */
function authority(
  of: Extract<SecretSource, { authority: unknown }>['authority'],
  { authority: own }: Certificates,
  server: Addresses | undefined,
): pulumi.Output<string> {
  const managed = of === 'database' ? server?.authority : undefined;
  return managed === undefined ? own : own.apply((platform) => `${platform.trim()}\n${managed}`);
}

function host(server: Addresses | undefined): pulumi.Output<string> {
  if (!server) throw new Error('the host of the database before there is one');
  return pulumi.output(server.inside).apply((address) => address.host);
}

function cache(user: RedisUser, { redis }: Credentials): pulumi.Output<string> {
  return redis[user].apply((password) => redisText(user, password));
}

function passwordOf(
  who: LoginRole | 'database-admin' | RedisUser,
  { databaseAdmin, logins, redis }: Credentials,
): pulumi.Output<string> {
  if (who === 'database-admin') return databaseAdmin;
  return { ...logins, ...redis }[who];
}

function cacheHost(addresses: Addresses | undefined): pulumi.Output<string> {
  if (!addresses?.cache) throw new Error('the host of a cache that is a service of the platform');
  return addresses.cache;
}

function ofBucket(
  { bucket, part }: Extract<SecretSource, { bucket: unknown }>,
  buckets: DataBuckets,
): pulumi.Output<string> {
  const made = buckets[bucket];
  if (!made) throw new Error(`no bucket for ${bucket}`);
  return made[part];
}

function fromConfig(
  name: string,
  config: Readonly<Record<string, pulumi.Output<string>>>,
): pulumi.Output<string> {
  const value = config[name];
  if (!value) throw new Error(`strata:secrets has no "${name}": the settings refuse that`);
  return value;
}
