import * as pulumi from '@pulumi/pulumi';
import { Declared, Places, Shard, Tenant, VendorDatabase } from '../../provider/sdk';
import { vendorRole, vendors, type VendorName } from '../services/vendors';
import type { TenancySettings } from '../settings/tenancy';
import type { DatabaseServer } from '../targets/target';
import { schemaClaims } from '../tenancy/claims';
import { isAmongAll } from '../tenancy/places';
import { ClusterSchema, type ClusterContents } from './cluster-schema';
import { mainCluster, shardCluster, type Cluster } from './clusters';
import { names } from './names';
import { wantedTenants } from './tenants';

export interface SchemaArgs extends ClusterContents {
  readonly database: DatabaseServer;
  readonly tenancy: TenancySettings;
  /** `strata:secrets`, for the URLs of shards. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
  /** Vendors whose services have databases of their own → the most connections of each. */
  readonly vendors: Readonly<Partial<Record<VendorName, number>>>;
}

/**
 * Everything that stands inside the databases: roles and schemas, the tenants, the application's tables, and the fence
 * around each table, in this order, so that no table is reachable before it is fenced; then the tables of tenants that
 * have their own.
 *
 * What it registers names neither tier nor target: a tier change finds it unchanged. Costs nothing but the time of the
 * statements; a second deployment runs none of them.
 */
export class Schema extends pulumi.ComponentResource {
  constructor(name: string, args: SchemaArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:data:Schema', name, {}, opts);
    const main = mainCluster(args.database, args.credentials);
    const schema = new ClusterSchema(this, main, args);
    const base = schema.platform([]);
    this.vendors(args, schema, main, base);
    const others = this.shards(args, base);
    const rows = this.shardRows(args, schema, main, base);
    const clusters = [main, ...others.map(({ cluster }) => cluster)] as const;
    const tenants = this.tenants(args, schema, clusters, [...base, ...rows]);
    const tables = schema.application([...base, ...tenants]);
    const declared = this.declared(args, schema, main, tables);
    const places = this.places(args, schema, clusters, [
      ...tables,
      declared,
      ...others.flatMap(({ made }) => made),
    ]);
    for (const each of [schema, ...others.map((other) => other.schema)]) each.audit(main, [places]);
    this.registerOutputs({});
  }

  /** The other clusters, each with everything but tenants. */
  private shards(
    args: SchemaArgs,
    after: readonly pulumi.Resource[],
  ): { cluster: Cluster; schema: ClusterSchema; made: pulumi.Resource[] }[] {
    const { tenancy, setup, secrets, credentials } = args;
    return Object.entries(tenancy.shards).map(([name, shard]) => {
      const parts = { name, shard, setup, secrets, credentials };
      const cluster = shardCluster(parts, { parent: this, dependsOn: [...after] });
      const schema = new ClusterSchema(this, cluster, args);
      return { cluster, schema, made: schema.application(schema.platform([])) };
    });
  }

  /** What holds users and rows of files outlives the service that made them. */
  private vendors(
    { vendors: chosen, credentials }: SchemaArgs,
    schema: ClusterSchema,
    main: Cluster,
    after: readonly pulumi.Resource[],
  ): void {
    for (const [name, connections] of Object.entries(chosen)) {
      const vendor = name as VendorName;
      new VendorDatabase(
        names.vendor(vendor),
        {
          url: main.admin,
          cluster: main.id,
          name: vendorRole(vendor),
          password: credentials.vendors[vendor],
          setup: [...vendors[vendor].setup],
          connections,
          becomes: [...(vendors[vendor].becomes ?? [])],
        },
        { ...schema.inside(after), retainOnDelete: true },
      );
    }
  }

  private shardRows(
    { tenancy }: SchemaArgs,
    schema: ClusterSchema,
    main: Cluster,
    after: readonly pulumi.Resource[],
  ): pulumi.Resource[] {
    return Object.entries(tenancy.shards).map(
      ([name, { host, port }]) =>
        new Shard(
          names.shard(name),
          { url: main.migrator, cluster: main.id, name, host, port },
          schema.inside(after),
        ),
    );
  }

  private tenants(
    { tenancy, credentials }: SchemaArgs,
    schema: ClusterSchema,
    clusters: readonly [Cluster, ...Cluster[]],
    after: readonly pulumi.Resource[],
  ): pulumi.Resource[] {
    const [main] = clusters;
    const logins = { clusters: urlsOf(clusters), master: credentials.platform['tenant-logins'] };
    return wantedTenants(tenancy).map(
      (wanted) =>
        new Tenant(
          names.tenant(wanted.slug),
          { url: main.migrator, cluster: main.id, ...logins, ...wanted },
          { ...schema.inside(after), protect: true },
        ),
    );
  }

  private declared(
    { plan, tenancy }: SchemaArgs,
    schema: ClusterSchema,
    main: Cluster,
    after: readonly pulumi.Resource[],
  ): pulumi.Resource {
    return new Declared(
      'declaration',
      {
        url: main.migrator,
        cluster: main.id,
        schema: plan.version,
        claims: schemaClaims(plan.declaration),
        unknown: tenancy.unknownTables,
      },
      schema.inside(after),
    );
  }

  private places(
    { plan, credentials, tenancy }: SchemaArgs,
    schema: ClusterSchema,
    clusters: readonly Cluster[],
    after: readonly pulumi.Resource[],
  ): pulumi.Resource {
    const own = wantedTenants(tenancy).filter((tenant) => !isAmongAll(tenant));
    return new Places(
      'places',
      {
        clusters: urlsOf(clusters),
        cluster: clusters[0]?.id ?? '',
        master: credentials.platform['tenant-logins'],
        plan,
        version: plan.version,
        tenants: own.map(({ slug }) => slug).sort(),
      },
      schema.inside(after),
    );
  }
}

/** Shard → URL of the migrator. */
function urlsOf(clusters: readonly Cluster[]): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(clusters.map(({ name, migrator }) => [name, migrator]));
}
