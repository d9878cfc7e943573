import * as pulumi from '@pulumi/pulumi';
import { Login, Migration, Table, Tenant } from '../../provider/sdk';
import type { TenantSettings } from '../settings/schema';
import type { TableFence } from '../tenancy/statements';
import type { DatabaseServer } from '../targets/target';
import type { Credentials } from './credentials';
import { schemaVersion, type MigrationFile } from './migrations';
import { names } from './names';
import { databaseUrl } from './urls';

export interface SchemaArgs {
  readonly database: DatabaseServer;
  readonly credentials: Credentials;
  readonly migrations: readonly MigrationFile[];
  readonly tenants: Readonly<Record<string, TenantSettings>>;
  readonly fences: readonly TableFence[];
}

/**
 * Everything that stands inside the database: roles and schemas, the tenants, the application's tables, and the fence
 * around each table, in this order, so that no table is reachable before it is fenced.
 *
 * What it registers names neither tier nor target: a tier change finds it unchanged. Costs nothing but the time of the
 * statements; a second deployment runs none of them.
 */
export class Schema extends pulumi.ComponentResource {
  constructor(name: string, args: SchemaArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:data:Schema', name, {}, opts);
    const platform = args.migrations.filter(({ scope }) => scope === 'platform');
    const app = args.migrations.filter(({ scope }) => scope === 'app');

    const [roles, ...topics] = platform;
    const first = roles ? [this.migration(args, roles, [])] : [];
    const logins = this.logins(args, first);
    const base = this.chain(args, topics, [...first, ...logins]);
    const tenants = this.tenants(args, base);
    const tables = this.chain(args, app, [...base, ...tenants]);
    this.fences(args, tables);
    this.registerOutputs({});
  }

  private chain(
    args: SchemaArgs,
    files: readonly MigrationFile[],
    after: pulumi.Resource[],
  ): pulumi.Resource[] {
    return files.reduce(
      (previous, file) => [...after, this.migration(args, file, previous)],
      after,
    );
  }

  private migration(
    args: SchemaArgs,
    { scope, name, sql, role }: MigrationFile,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource {
    const url = role === 'admin' ? adminUrl(args) : migratorUrl(args);
    const cluster = args.database.cluster;
    return new Migration(
      `${scope}/${name}`,
      { url, cluster, scope, name, sql },
      this.inside(args, dependsOn),
    );
  }

  private logins(args: SchemaArgs, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
    const cluster = args.database.cluster;
    return Object.entries(args.credentials.logins).map(
      ([role, password]) =>
        new Login(
          role,
          { url: adminUrl(args), cluster, role, password },
          this.inside(args, dependsOn),
        ),
    );
  }

  private tenants(args: SchemaArgs, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
    return Object.entries(args.tenants).map(
      ([slug, { name, members }]) =>
        new Tenant(
          names.tenant(slug),
          {
            url: migratorUrl(args),
            cluster: args.database.cluster,
            slug,
            displayName: name ?? slug,
            model: 'shared',
            members: Object.entries(members).map(([user, role]) => ({ user, role })),
          },
          { ...this.inside(args, dependsOn), protect: true },
        ),
    );
  }

  private fences(args: SchemaArgs, dependsOn: pulumi.Resource[]): void {
    for (const fence of args.fences) {
      new Table(
        fence.table,
        {
          url: migratorUrl(args),
          cluster: args.database.cluster,
          schema: schemaVersion(args.migrations),
          ...fence,
        },
        this.inside(args, dependsOn),
      );
    }
  }

  /** What stands in the database goes with its volume: nothing is left to delete once that is gone. */
  private inside(args: SchemaArgs, dependsOn: pulumi.Resource[]): pulumi.CustomResourceOptions {
    return { parent: this, dependsOn, deletedWith: args.database.volume.resource };
  }
}

function adminUrl({ database, credentials }: SchemaArgs): pulumi.Output<string> {
  return databaseUrl(database.reach, database.admin, credentials.databaseAdmin);
}

function migratorUrl({ database, credentials }: SchemaArgs): pulumi.Output<string> {
  return databaseUrl(database.reach, 'strata_migrator', credentials.logins.strata_migrator);
}
