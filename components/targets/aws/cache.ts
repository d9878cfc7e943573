import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { accessString, redisUsers } from '../../services/redis';
import type { RedisUser } from '../../services/service';
import { nodeCount, reservedPercent } from '../../settings/elasticache';
import { stackName } from './naming';

export interface CacheArgs {
  /** Where its nodes stand, in at least two zones. */
  readonly subnets: readonly pulumi.Input<string>[];
  readonly securityGroup: pulumi.Input<string>;
  /** ARN of the key that encrypts what is kept. */
  readonly key: pulumi.Input<string>;
  /** Such as `cache.t4g.small`. */
  readonly nodeType: string;
  /** How long the snapshot of each day is kept. */
  readonly snapshotDays: number;
  readonly password: (user: RedisUser) => pulumi.Input<string>;
}

/** The versions that parameters are for; AWS moves a cache to newer ones of them by itself. */
const family = 'valkey8';
const version = '8.2';

/** As on a server of the platform: what is full refuses writes, and no user hears channels that it was not given. */
const parameters = {
  'maxmemory-policy': 'noeviction',
  'acl-pubsub-default': 'resetchannels',
  'reserved-memory-percent': String(reservedPercent),
} as const;

/**
 * Valkey of Amazon ElastiCache, with the users and rights that the platform's own has. It takes connections by TLS only,
 * from servers of the platform only, and has no user without a password.
 *
 * Always two nodes in two zones: neither writes to a disk what it holds, so a single one that fails would lose every job.
 * The second takes over by itself; what had not reached it yet is lost, up to the last seconds (docs/adr/0030). A
 * snapshot is made each day, and one at the end.
 *
 * **Cost**: both nodes by the hour, and what snapshots take by the GB.
 *
 * @example
 * new Cache('queue-1', {
 *   subnets, securityGroup, key, nodeType: 'cache.t4g.small', snapshotDays: 7, password,
 * }, { parent })
 */
export class Cache extends pulumi.ComponentResource {
  /** The name of the node that is written to, which its certificate is for. */
  readonly host: pulumi.Output<string>;
  readonly group: aws.elasticache.ReplicationGroup;
  /** Name → id of each node. */
  readonly nodes: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: CacheArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:aws:Cache', name, {}, opts);
    const parent = { parent: this };
    const called = stackName(name, 40);
    const subnets = new aws.elasticache.SubnetGroup(
      name,
      { name: called, description: 'The cache.', subnetIds: [...args.subnets] },
      parent,
    );
    const settings = new aws.elasticache.ParameterGroup(
      name,
      {
        name: called,
        description: 'The cache.',
        family,
        parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })),
      },
      parent,
    );
    const users = new aws.elasticache.UserGroup(
      name,
      {
        // That of Redis would bring a user of AWS's own who may do everything.
        engine: 'valkey',
        userGroupId: called,
        userIds: redisUsers.map((user) => this.user(name, user, args.password(user)).userId),
      },
      parent,
    );
    this.group = new aws.elasticache.ReplicationGroup(
      name,
      {
        replicationGroupId: called,
        description: 'Counters, queued jobs, grants of OAuth.',
        engine: 'valkey',
        engineVersion: version,
        nodeType: args.nodeType,
        numCacheClusters: nodeCount,
        automaticFailoverEnabled: true,
        multiAzEnabled: true,
        parameterGroupName: settings.name,
        subnetGroupName: subnets.name,
        securityGroupIds: [args.securityGroup],
        userGroupIds: [users.userGroupId],
        transitEncryptionEnabled: true,
        transitEncryptionMode: 'required',
        atRestEncryptionEnabled: true,
        kmsKeyId: args.key,
        snapshotRetentionLimit: args.snapshotDays,
        // Should anybody delete it in the end.
        finalSnapshotIdentifier: stackName(`${name}-last`, 255),
        autoMinorVersionUpgrade: true,
        applyImmediately: true,
      },
      // AWS upgrades it, and makes none older.
      { ...parent, protect: true, ignoreChanges: ['engineVersion'] },
    );
    this.host = this.group.primaryEndpointAddress;
    this.nodes = Object.fromEntries(
      Array.from({ length: nodeCount }, (_, index) => [
        `cache-${String(index + 1)}`,
        // AWS calls them so, from 1 on.
        pulumi.interpolate`${this.group.replicationGroupId}-00${index + 1}`,
      ]),
    );
    this.registerOutputs({ host: this.host });
  }

  private user(
    name: string,
    user: RedisUser,
    password: pulumi.Input<string>,
  ): aws.elasticache.User {
    const part = `${name}-${user}`;
    return new aws.elasticache.User(
      part,
      {
        engine: 'valkey',
        userId: stackName(part, 40),
        userName: user,
        accessString: accessString(user),
        authenticationMode: { type: 'password', passwords: [password] },
      },
      { parent: this },
    );
  }
}
