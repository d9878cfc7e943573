import { beforeEach, describe, expect, test, vi } from 'vitest';
import { places } from '../../components/targets/aws/places';
import { managedHealth } from '../../engine/aws-managed-health';
import { AwsStandIn, Refusal, type Values } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';

const services = {
  database: { kind: 'database', where: places.database },
  redis: { kind: 'workload', where: places.cache },
  pooler: { kind: 'workload', where: places.servers('data', 1) },
};

function resource(kinds: string, name: string, arn: string, inputs: Record<string, unknown> = {}) {
  const urn = `urn:pulumi:prod::strata::strata:index:Platform$${kinds}::${name}`;
  return { urn, type: kinds.split('$').at(-1) ?? '', inputs, outputs: { arn } };
}
const rdsArn = 'arn:aws:rds:eu-central-1:123456789012:db:strata-prod-database-1';
const rds = resource('strata:aws:ManagedDatabase$aws:rds/instance:Instance', 'database-1', rdsArn);
const replica = resource(
  'strata:tiers:SplitDatabase$aws:rds/instance:Instance',
  'database-replica-1',
  `${rdsArn}-replica-1`,
  { replicateSourceDb: 'strata-prod-database-1' },
);
const cache = resource(
  'strata:aws:Cache$aws:elasticache/replicationGroup:ReplicationGroup',
  'queue-1',
  'arn:aws:elasticache:eu-central-1:123456789012:replicationgroup:strata-prod-queue-1',
);

describe('what AWS runs for a stack (a stand-in for RDS and ElastiCache)', () => {
  let aws: AwsStandIn;
  let database: Values | Refusal;
  let group: Values;

  beforeEach(async () => {
    database = { DBInstanceStatus: 'available', DBParameterGroups: applied('in-sync') };
    group = { Status: 'available', AutomaticFailover: 'enabled' };
    aws = await AwsStandIn.start({
      DescribeDBInstances: () => {
        if (database instanceof Refusal) throw database;
        return { DBInstances: { DBInstance: database } };
      },
      DescribeReplicationGroups: () => ({ ReplicationGroups: { ReplicationGroup: group } }),
    });
    stubEnvironment(aws);
    return async () => {
      vi.unstubAllEnvs();
      await aws.stop();
    };
  });

  const applied = (state: string) => ({ DBParameterGroup: { ParameterApplyStatus: state } });

  test('is asked in its region by its name, and stands for the services that it runs', async () => {
    const told = await managedHealth(services, [rds, replica, cache]);
    const database = 'Amazon RDS (strata-prod-database-1)';
    const nodes = 'Amazon ElastiCache (strata-prod-queue-1)';
    expect(told).toEqual([
      { name: 'database-1', kind: 'rds', where: database, healthy: true },
      { name: 'database', kind: 'database', where: database, healthy: true },
      {
        name: 'database-replica-1',
        kind: 'rds',
        where: database.replace(')', '-replica-1)'),
        healthy: true,
      },
      { name: 'queue-1', kind: 'elasticache', where: nodes, healthy: true },
      { name: 'redis', kind: 'workload', where: nodes, healthy: true },
    ]);
    const asked = aws.asked('DescribeDBInstances').map((input) => input.DBInstanceIdentifier);
    expect(asked.sort()).toEqual(['strata-prod-database-1', 'strata-prod-database-1-replica-1']);
  });

  test.each(['available', 'backing-up', 'storage-optimization', 'configuring-log-exports'])(
    'is healthy while RDS says %s',
    async (status) => {
      database = { DBInstanceStatus: status };
      expect(await managedHealth(services, [rds])).toMatchObject([
        { healthy: true },
        { healthy: true },
      ]);
    },
  );

  test.each(['modifying', 'rebooting', 'storage-full', 'stopped', 'available-soon'])(
    'is not healthy while RDS says %s, nor is the service',
    async (status) => {
      database = { DBInstanceStatus: status };
      const reason = `AWS says it is ${status}`;
      expect(await managedHealth(services, [rds])).toMatchObject([
        { name: 'database-1', healthy: false, reason },
        { name: 'database', healthy: false, reason },
      ]);
    },
  );

  test('says what waits for a restart or a maintenance window, and no value of it', async () => {
    database = {
      ...{ DBInstanceStatus: 'available', DBParameterGroups: applied('pending-reboot') },
      PendingModifiedValues: { DBInstanceClass: 'db.r7g.large', MasterUserPassword: 'hunter2' },
    };
    const [found] = await managedHealth(services, [rds]);
    expect(found).toMatchObject({ healthy: true });
    expect(found?.note).toBe(
      'AWS has yet to apply DBInstanceClass, MasterUserPassword; parameters wait until it is restarted, which is a ' +
        'pause: aws rds reboot-db-instance --region eu-central-1 --db-instance-identifier strata-prod-database-1',
    );
  });

  test('says that no node takes over, and how a cache is that changes', async () => {
    group = { Status: 'available', AutomaticFailover: 'disabled' };
    expect(await managedHealth(services, [cache])).toMatchObject([
      { healthy: true, note: 'no node takes over by itself' },
      { healthy: true },
    ]);
    group = { Status: 'create-failed', AutomaticFailover: 'enabled' };
    expect(await managedHealth(services, [cache])).toMatchObject([
      { name: 'queue-1', healthy: false, reason: 'AWS says it is create-failed' },
      { name: 'redis', healthy: false },
    ]);
  });

  test('is not healthy where AWS does not permit to ask, which hides nothing else', async () => {
    database = new Refusal(
      'AccessDenied',
      'no identity-based policy allows rds:DescribeDBInstances',
    );
    expect(await managedHealth(services, [rds, cache])).toMatchObject([
      {
        name: 'database-1',
        healthy: false,
        reason:
          'it cannot be asked: AWS does not permit it: no identity-based policy allows rds:DescribeDBInstances (AccessDenied)',
      },
      { name: 'database', healthy: false },
      { name: 'queue-1', healthy: true },
      { name: 'redis', healthy: true },
    ]);
  });

  test('is not healthy where somebody deleted it by hand', async () => {
    database = new Refusal('DBInstanceNotFound', 'DBInstance strata-prod-database-1 not found.');
    const [found] = await managedHealth(services, [rds]);
    expect(found?.reason).toContain('DBInstance strata-prod-database-1 not found.');
  });

  test('with credentials that AWS does not take is an error, not a verdict', async () => {
    database = new Refusal('InvalidClientTokenId', 'the token is not valid');
    await expect(managedHealth(services, [rds])).rejects.toThrow('does not take these credentials');
  });

  test('is nothing where servers run everything', async () => {
    const volume = resource('aws:ebs/volume:Volume', 'database-1', 'arn:aws:ec2:x:1:volume/vol-1');
    expect(await managedHealth(services, [volume])).toEqual([]);
    expect(aws.calls).toEqual([]);
  });
});
