import * as pulumi from '@pulumi/pulumi';

/** Whose resources these are, and where: an account of AWS's public regions. */
export interface Account {
  readonly id: pulumi.Input<string>;
  /** Such as `eu-central-1`. */
  readonly region: string;
  /** ARN of the permissions boundary of every role and user that is made in it. */
  readonly boundary?: string;
}

/** Keeps a role or a user within the account's boundary, where there is one. */
export function bounded({ boundary }: Account): { readonly permissionsBoundary?: string } {
  return boundary === undefined ? {} : { permissionsBoundary: boundary };
}

/** An ARN of the account: `arn(account, 'logs', 'log-group:/strata/*')`. */
export function arn({ id, region }: Account, service: string, rest: string): pulumi.Output<string> {
  return pulumi.interpolate`arn:aws:${service}:${region}:${id}:${rest}`;
}

/** As `arn`, of IAM, which knows no regions: `iamArn(account, 'root')`. */
export function iamArn({ id }: Account, rest: string): pulumi.Output<string> {
  return pulumi.interpolate`arn:aws:iam::${id}:${rest}`;
}
