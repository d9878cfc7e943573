import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { stackName } from './naming';

/** RDS takes 63 characters; its generation, and a replica's number, come behind. */
const most = 45;

/** What AWS calls a database: `strata-prod-database-1`. */
export function databaseIdentifier(generation: number): string {
  return `${stackName('database', most)}-${String(generation)}`;
}

/** What the names of log groups of this stack's databases begin with; RDS makes them of the databases' names. */
export function databaseLogPrefix(): string {
  return `/aws/rds/instance/${stackName('database', most)}-`;
}

/** Where a database's logs go; before it comes, for RDS would make them without a key and without an end. */
export function databaseLogGroups(
  name: string,
  identifier: string,
  { key, days }: { readonly key: pulumi.Input<string>; readonly days: number },
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.LogGroup[] {
  return ['postgresql', 'upgrade'].map(
    (log) =>
      new aws.cloudwatch.LogGroup(
        `${name}-${log}`,
        {
          name: `/aws/rds/instance/${identifier}/${log}`,
          kmsKeyId: key,
          retentionInDays: days,
        },
        opts,
      ),
  );
}
