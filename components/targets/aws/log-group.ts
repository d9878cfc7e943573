import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface LogGroupArgs {
  /** What is logged: the last part of the group's name. */
  readonly part: string;
  /** ARN of the key that encrypts it. */
  readonly key: pulumi.Input<string>;
  /** How long it is kept; CloudWatch knows certain numbers only. */
  readonly days: number;
}

/** A log group of this stack in CloudWatch: `/strata/prod/flow`. */
export function logGroup(
  name: string,
  { part, key, days }: LogGroupArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.LogGroup {
  const args = { name: `${logPrefix()}/${part}`, kmsKeyId: key, retentionInDays: days };
  return new aws.cloudwatch.LogGroup(name, args, opts);
}

/** What the names of this stack's log groups begin with. */
export function logPrefix(): string {
  return `/strata/${pulumi.getStack()}`;
}
