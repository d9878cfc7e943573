import type * as pulumi from '@pulumi/pulumi';
import type { Watched } from './watched';

const gigabyte = 1024 ** 3;

/** A database of RDS. */
export interface WatchedDatabase {
  /** Its DBInstanceIdentifier. */
  readonly identifier: pulumi.Input<string>;
  /** GB that it begins with. */
  readonly storage: number;
  /** As many as it takes (`max_connections`). */
  readonly connections: number;
  /** Name → identifier of each read replica. */
  readonly replicas: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The database, and how far its replicas are behind. */
export function ofDatabase(watched: WatchedDatabase): Watched[] {
  const { identifier, storage, connections, replicas } = watched;
  const common = {
    namespace: 'AWS/RDS',
    statistic: 'Average',
    dimensions: { DBInstanceIdentifier: identifier },
    period: 300,
    evaluationPeriods: 3,
  } as const;
  return [
    {
      ...common,
      part: 'database-storage',
      severity: 'critical',
      alarmDescription: `The database has less than ${storage / 10} GB of storage left. RDS gives it more up to its limit; without any it stops.`,
      metricName: 'FreeStorageSpace',
      comparisonOperator: 'LessThanThreshold',
      threshold: (storage * gigabyte) / 10,
    },
    {
      ...common,
      part: 'database-transactions',
      severity: 'critical',
      alarmDescription:
        'Half of all transaction ids are used: vacuum does not get through, and at the end the database takes no writes.',
      metricName: 'MaximumUsedTransactionIDs',
      statistic: 'Maximum',
      threshold: 1_000_000_000,
    },
    {
      ...common,
      part: 'database-connections',
      severity: 'warning',
      alarmDescription: 'Nine tenths of the connections that the database takes are in use.',
      metricName: 'DatabaseConnections',
      threshold: Math.floor(connections * 0.9),
    },
    {
      ...common,
      part: 'database-cpu',
      severity: 'warning',
      alarmDescription: 'The CPU of the database has been busy for a quarter of an hour.',
      metricName: 'CPUUtilization',
      threshold: 90,
    },
    ...Object.entries(replicas).map(([name, replica]): Watched => ({
      ...common,
      part: `${name}-lag`,
      severity: 'warning',
      alarmDescription: `${name} is more than a minute behind the database.`,
      metricName: 'ReplicaLag',
      dimensions: { DBInstanceIdentifier: replica },
      threshold: 60,
    })),
  ];
}

/** A replication group of ElastiCache. */
export interface WatchedCache {
  /** Name → CacheClusterId of each node. */
  readonly nodes: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Each node of the cache: any of them may become the first. */
export function ofCache({ nodes }: WatchedCache): Watched[] {
  return Object.entries(nodes).flatMap(([name, node]): Watched[] => {
    const common = {
      namespace: 'AWS/ElastiCache',
      severity: 'warning',
      statistic: 'Average',
      dimensions: { CacheClusterId: node },
      period: 300,
      evaluationPeriods: 3,
    } as const;
    return [
      {
        ...common,
        part: `${name}-memory`,
        severity: 'critical',
        alarmDescription: `Nine tenths of the memory of ${name} are used; when it is full it takes no more jobs.`,
        metricName: 'DatabaseMemoryUsagePercentage',
        threshold: 90,
      },
      {
        ...common,
        part: `${name}-evictions`,
        severity: 'critical',
        alarmDescription: `${name} throws away what it was to keep.`,
        metricName: 'Evictions',
        statistic: 'Sum',
        threshold: 1,
        evaluationPeriods: 1,
      },
      {
        ...common,
        part: `${name}-cpu`,
        alarmDescription: `The CPU of ${name} has been busy for a quarter of an hour.`,
        metricName: 'EngineCPUUtilization',
        threshold: 90,
      },
      {
        ...common,
        part: `${name}-lag`,
        alarmDescription: `${name} is more than half a minute behind: a failover now would lose that.`,
        metricName: 'ReplicationLag',
        statistic: 'Maximum',
        threshold: 30,
      },
    ];
  });
}
