import type * as pulumi from '@pulumi/pulumi';
import { Audit, Login, Migration, Table, Template } from '../../provider/sdk';
import type { TenancyPlan } from '../../provider/tenancy/plan';
import { withEvents } from '../services/declared-functions';
import { compileTenancy } from '../tenancy/compile';
import { mainShard } from '../tenancy/places';
import type { TableFence } from '../tenancy/statements';
import type { Cluster } from './clusters';
import type { Credentials } from './credentials';
import { schemaVersion, type MigrationFile } from './migrations';

/** What every cluster gets. */
export interface ClusterContents {
  readonly credentials: Credentials;
  readonly migrations: readonly MigrationFile[];
  readonly fences: readonly TableFence[];
  /** Statements of the admin in each database of tenants: extensions. */
  readonly setup: readonly string[];
  readonly plan: TenancyPlan;
}

/** Resources are named by the platform's own cluster as they always were, and by another one with its name before. */
function named(cluster: Cluster, name: string): string {
  return cluster.name === mainShard ? name : `${cluster.name}/${name}`;
}

/** Registers, below one parent, what stands inside the databases of one cluster. */
export class ClusterSchema {
  constructor(
    private readonly parent: pulumi.Resource,
    private readonly cluster: Cluster,
    private readonly contents: ClusterContents,
  ) {}

  /** Roles, logins and the platform's own schemas. */
  platform(after: readonly pulumi.Resource[]): pulumi.Resource[] {
    const [roles, ...topics] = this.files('platform');
    const first = roles ? [this.migration(roles, after)] : [];
    const logins = this.logins([...after, ...first]);
    return this.chain(topics, [...after, ...first, ...logins]);
  }

  /** The application's tables that tenants share, the fences around them, and the template of tenants' databases. */
  application(after: readonly pulumi.Resource[]): pulumi.Resource[] {
    const tables = this.chain(this.files('app'), after);
    const { setup, plan } = this.contents;
    // What changes is told from the platform's own database alone.
    const events = this.cluster.name === mainShard ? plan.events : {};
    const fences = withEvents(compileTenancy(plan.declaration), events).map(
      (fence) =>
        new Table(
          named(this.cluster, fence.table),
          {
            url: this.cluster.migrator,
            cluster: this.cluster.id,
            schema: schemaVersion(this.contents.migrations),
            ...fence,
          },
          this.inside(tables),
        ),
    );
    const template = new Template(
      named(this.cluster, 'template'),
      {
        admin: this.cluster.admin,
        migrator: this.cluster.migrator,
        cluster: this.cluster.id,
        contents: JSON.stringify({ setup, platform: this.files('platform'), plan }),
        version: plan.version,
      },
      this.inside(tables),
    );
    return [...tables, ...fences, template];
  }

  /** Nothing is started on a cluster where tenants could meet. `registry` has the tenants of every cluster. */
  audit(registry: Cluster, after: readonly pulumi.Resource[]): pulumi.Resource {
    const { plan } = this.contents;
    return new Audit(
      named(this.cluster, 'audit'),
      {
        url: this.cluster.migrator,
        cluster: this.cluster.id,
        schema: schemaVersion(this.contents.migrations, this.contents.fences),
        shard: this.cluster.name,
        registry: registry.migrator,
        tables: Object.keys(plan.declaration.tables),
        shared: Object.keys(plan.declaration.shared ?? {}),
      },
      this.inside(after),
    );
  }

  /** What stands in the database goes with its volume: nothing is left to delete once that is gone. */
  inside(dependsOn: readonly pulumi.Resource[]): pulumi.CustomResourceOptions {
    const { volume } = this.cluster;
    return {
      parent: this.parent,
      dependsOn: [...dependsOn],
      ...(volume && { deletedWith: volume }),
    };
  }

  private files(scope: MigrationFile['scope']): readonly MigrationFile[] {
    return this.contents.migrations.filter((file) => file.scope === scope);
  }

  private chain(
    files: readonly MigrationFile[],
    after: readonly pulumi.Resource[],
  ): pulumi.Resource[] {
    return files.reduce<pulumi.Resource[]>(
      (previous, file) => [...after, this.migration(file, previous)],
      [...after],
    );
  }

  private migration(
    { scope, name, sql, role }: MigrationFile,
    dependsOn: readonly pulumi.Resource[],
  ): pulumi.Resource {
    const url = role === 'admin' ? this.cluster.admin : this.cluster.migrator;
    return new Migration(
      named(this.cluster, `${scope}/${name}`),
      { url, cluster: this.cluster.id, scope, name, sql },
      this.inside(dependsOn),
    );
  }

  private logins(dependsOn: readonly pulumi.Resource[]): pulumi.Resource[] {
    return Object.entries(this.contents.credentials.logins).map(
      ([role, password]) =>
        new Login(
          named(this.cluster, role),
          { url: this.cluster.admin, cluster: this.cluster.id, role, password },
          this.inside(dependsOn),
        ),
    );
  }
}
