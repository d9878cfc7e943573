import { platformDatabase } from '../tenancy/places';
import * as pulumi from '@pulumi/pulumi';
import type { RedisUser } from '../services/service';
import type { Address } from '../targets/target';

/** The connection URL of a role, to the platform's database or another; secret, because it holds the role's password. */
export function databaseUrl(
  address: pulumi.Input<Address>,
  role: string,
  password: pulumi.Output<string>,
  database?: string,
): pulumi.Output<string> {
  return pulumi
    .all([address, password])
    .apply(([known, text]) => databaseText(known, role, text, database));
}

/** The same where passwords are plain texts. */
export function databaseText(
  { host, port, parameters }: Address,
  role: string,
  password: string,
  database = platformDatabase,
): string {
  const query = new URLSearchParams(parameters).toString();
  return `postgresql://${role}:${password}@${host}:${port}/${database}${query && `?${query}`}`;
}

/** The URL of the cache for one of its users. */
export function redisText(user: RedisUser, password: string): string {
  return `redis://${user}:${password}@redis:6379`;
}
