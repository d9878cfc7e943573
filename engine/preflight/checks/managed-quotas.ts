import { DescribeCacheClustersCommand } from '@aws-sdk/client-elasticache';
import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import type { Clients } from '../clients';
import { allPages } from '../pages';
import { isOf, type Quota } from '../quota';
import type { Subject } from '../subject';

/** Of what AWS runs for the stack; none where servers run everything. */
export function managedQuotas(subject: Subject, clients: Clients): Promise<Quota>[] {
  return [
    ...(subject.rds ? [instances(subject.rds, subject.tags, clients)] : []),
    ...(subject.elasticache ? [nodes(subject.elasticache, clients)] : []),
  ];
}

async function instances(
  { instances: needed }: NonNullable<Subject['rds']>,
  tags: Subject['tags'],
  { rds }: Clients,
): Promise<Quota> {
  const found = await allPages(async (mark) => {
    const page = await rds.send(new DescribeDBInstancesCommand({ Marker: mark }));
    return { items: page.DBInstances, next: page.Marker };
  });
  return {
    what: 'instances of RDS',
    service: 'rds',
    code: 'L-7B6409FD',
    used: found.filter(({ TagList }) => !isOf(tags, { Tags: TagList })).length,
    needed,
    whileReplacing: 0,
  };
}

async function nodes(
  { id, nodes: needed }: NonNullable<Subject['elasticache']>,
  { elasticache }: Clients,
): Promise<Quota> {
  const found = await allPages(async (mark) => {
    const page = await elasticache.send(new DescribeCacheClustersCommand({ Marker: mark }));
    return { items: page.CacheClusters, next: page.Marker };
  });
  const others = found.filter(({ ReplicationGroupId }) => ReplicationGroupId !== id);
  return {
    what: 'nodes of ElastiCache',
    service: 'elasticache',
    code: 'L-DFE45DF3',
    used: others.reduce((sum, { NumCacheNodes = 0 }) => sum + NumCacheNodes, 0),
    needed,
    whileReplacing: 0,
  };
}
