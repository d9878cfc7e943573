import * as pulumi from '@pulumi/pulumi';
import { sha256 } from '../../provider/database/migration-file';
import { AppliedMigration } from '../../provider/sdk';
import type { MigrationFile } from './migrations';

/**
 * What a job beside the database has applied, so that a preview names what it has not yet; below the platform, as what
 * stands in the database is. It is recorded once `job` has ended well.
 */
export class AppliedMigrations extends pulumi.ComponentResource {
  constructor(
    name: string,
    { migrations, job }: { migrations: readonly MigrationFile[]; job: pulumi.Resource },
    opts: pulumi.ComponentResourceOptions,
  ) {
    super('strata:data:AppliedMigrations', name, {}, opts);
    for (const { scope, name: file, sql } of migrations) {
      new AppliedMigration(
        `${scope}/${file}`,
        { scope, name: file, sha256: sha256(sql) },
        { parent: this, dependsOn: job },
      );
    }
    this.registerOutputs({});
  }
}
