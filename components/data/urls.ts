import * as pulumi from '@pulumi/pulumi';
import type { Address } from '../targets/target';
import { databaseName } from './names';

/** The connection URL of a role; secret, because it holds the role's password. */
export function databaseUrl(
  { host, port, parameters }: Address,
  role: string,
  password: pulumi.Output<string>,
): pulumi.Output<string> {
  const query = new URLSearchParams(parameters).toString();
  return pulumi.interpolate`postgresql://${role}:${password}@${host}:${port}/${databaseName}${query && `?${query}`}`;
}
