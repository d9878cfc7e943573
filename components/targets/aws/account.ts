import * as pulumi from '@pulumi/pulumi';

/** Whose resources these are, and where: an account of AWS's public regions. */
export interface Account {
  readonly id: pulumi.Input<string>;
  /** Such as `eu-central-1`. */
  readonly region: string;
}

/** An ARN of the account: `arn(account, 'logs', 'log-group:/strata/*')`. */
export function arn({ id, region }: Account, service: string, rest: string): pulumi.Output<string> {
  return pulumi.interpolate`arn:aws:${service}:${region}:${id}:${rest}`;
}

/** As `arn`, of IAM, which knows no regions: `iamArn(account, 'root')`. */
export function iamArn({ id }: Account, rest: string): pulumi.Output<string> {
  return pulumi.interpolate`arn:aws:iam::${id}:${rest}`;
}
