import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { databaseVersion, type ManagedDatabasePlan } from '../../settings/rds';
import { managedDatabasePort } from './constants';
import { databaseIdentifier, databaseLogGroups } from './database-names';
import type { databaseParameters } from './database-parameters';

export interface ManagedDatabaseArgs {
  readonly plan: ManagedDatabasePlan;
  /** Of the data: its name's last part. */
  readonly generation: number;
  readonly parameters: ReturnType<typeof databaseParameters>;
  /** Hour of the day (UTC) in which the daily snapshot is made. */
  readonly backupHour: number;
  /** Where it may stand, in at least two zones. */
  readonly subnets: readonly pulumi.Input<string>[];
  readonly securityGroup: pulumi.Input<string>;
  /** ARN of the key that encrypts volume, backups, figures and logs. */
  readonly key: pulumi.Input<string>;
  /** Of the admin: letters and digits. */
  readonly password: pulumi.Input<string>;
  /** How long logs are kept in CloudWatch. */
  readonly logDays: number;
}

/** What the database and its replicas have in common. */
export type Shared = Pick<
  aws.rds.InstanceArgs,
  | 'instanceClass'
  | 'allocatedStorage'
  | 'maxAllocatedStorage'
  | 'storageType'
  | 'storageEncrypted'
  | 'parameterGroupName'
  | 'vpcSecurityGroupIds'
  | 'publiclyAccessible'
  | 'performanceInsightsEnabled'
  | 'performanceInsightsKmsKeyId'
  | 'enabledCloudwatchLogsExports'
  | 'autoMinorVersionUpgrade'
  | 'copyTagsToSnapshot'
  | 'applyImmediately'
>;

/**
 * Postgres of Amazon RDS: encrypted, reached by TLS and from servers of the platform alone, backed up each day with its
 * log in between, protected by Pulumi and by AWS, and with a last snapshot should anybody delete it in the end.
 *
 * A change of its class restarts it at once; one of `strata:database` that Postgres reads at its start waits until
 * somebody restarts it. Its volume grows by itself up to its limit and never shrinks.
 *
 * **Cost**: the instance by the hour and its volume by the GB, both twice with a standby; backups that are larger than
 * the volume; its log.
 *
 * @example
 * new ManagedDatabase('database-1', {
 *   plan, generation: 1, parameters, backupHour: 1, subnets, securityGroup, key, password, logDays: 30,
 * }, { parent })
 */
export class ManagedDatabase extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly instance: aws.rds.Instance;
  readonly identifier: string;
  /** What replicas take over. */
  readonly shared: Shared;

  constructor(name: string, args: ManagedDatabaseArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:aws:ManagedDatabase', name, {}, opts);
    const { plan, key, generation, backupHour } = args;
    const parent = { parent: this };
    this.identifier = databaseIdentifier(generation);
    const subnets = new aws.rds.SubnetGroup(
      name,
      { name: this.identifier, description: 'The database.', subnetIds: [...args.subnets] },
      parent,
    );
    const parameters = new aws.rds.ParameterGroup(
      name,
      {
        name: this.identifier,
        description: 'The database.',
        family: `postgres${databaseVersion}`,
        parameters: args.parameters,
      },
      parent,
    );
    const logs = databaseLogGroups(name, this.identifier, { key, days: args.logDays }, parent);
    this.shared = {
      instanceClass: plan.instanceClass,
      allocatedStorage: plan.storage,
      maxAllocatedStorage: plan.storageLimit,
      storageType: 'gp3',
      storageEncrypted: true,
      parameterGroupName: parameters.name,
      vpcSecurityGroupIds: [args.securityGroup],
      publiclyAccessible: false,
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: key,
      enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
      autoMinorVersionUpgrade: true,
      copyTagsToSnapshot: true,
      applyImmediately: true,
    };
    this.instance = new aws.rds.Instance(
      name,
      {
        ...this.shared,
        identifier: this.identifier,
        engine: 'postgres',
        engineVersion: databaseVersion,
        allowMajorVersionUpgrade: false,
        username: 'postgres',
        password: args.password,
        port: managedDatabasePort,
        kmsKeyId: key,
        dbSubnetGroupName: subnets.name,
        multiAz: plan.multiAz,
        backupRetentionPeriod: plan.backupDays,
        backupWindow: hourFrom(backupHour),
        maintenanceWindow: `sun:${hourFrom(backupHour + 2).replace('-', '-sun:')}`,
        deleteAutomatedBackups: false,
        deletionProtection: true,
        skipFinalSnapshot: false,
        finalSnapshotIdentifier: `${this.identifier}-last`,
      },
      { ...parent, protect: true, ignoreChanges: ['engineVersion'], dependsOn: logs },
    );
    this.host = this.instance.address;
    this.registerOutputs({ host: this.host });
  }
}

/** `02:00-02:59`: it ends before the day does, so that the day is one. */
function hourFrom(hour: number): string {
  const two = String(hour % 24).padStart(2, '0');
  return `${two}:00-${two}:59`;
}

/**
 * Copies of the database that can be read and are a moment behind, name → identifier. They hold nothing of their own, so
 * they are as passing as servers are.
 *
 * **Cost**: each as the database itself without a standby.
 */
export function replicas(
  count: number,
  of: ManagedDatabase,
  logs: Readonly<{ key: pulumi.Input<string>; days: number }>,
  opts: pulumi.CustomResourceOptions,
): Readonly<Record<string, pulumi.Output<string>>> {
  const all = Array.from({ length: count }, (_, index) => {
    const part = `replica-${String(index + 1)}`;
    const name = `database-${part}`;
    const identifier = `${of.identifier}-${part}`;
    const copy = new aws.rds.Instance(
      name,
      {
        ...of.shared,
        identifier,
        replicateSourceDb: of.instance.identifier,
        skipFinalSnapshot: true,
      },
      { ...opts, dependsOn: databaseLogGroups(name, identifier, logs, opts) },
    );
    return [name, copy.identifier] as const;
  });
  return Object.fromEntries(all);
}
