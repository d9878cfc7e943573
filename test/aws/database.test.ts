import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Servers } from './support/servers';
import { CloudStack, region, whyNoStack, type StateResource } from './support/stack';

const reason = await whyNoStack();

const database = 'aws:rds/instance:Instance';
const cache = 'aws:elasticache/replicationGroup:ReplicationGroup';

describe.skipIf(reason)('RDS and ElastiCache (moto, and a stand-in for users and servers)', () => {
  let stack: CloudStack;
  let all: readonly StateResource[];

  async function deploy(tier: string, rds: object): Promise<void> {
    const aws = { region, dnsZone: stack.zone, database: 'rds', cache: 'elasticache', rds };
    stack.configure({ 'strata:tier': tier, 'strata:aws': aws });
    await stack.succeed('up');
    all = await stack.resources();
  }

  const of = (type: string) => all.filter((resource) => resource.type === type);
  /** Name → id. */
  const ids = (type: string): Record<string, string | undefined> =>
    Object.fromEntries(of(type).map(({ urn, id }) => [urn.split('::').at(-1) ?? '', id]));

  beforeAll(async () => {
    stack = await CloudStack.create(new Servers(() => stack).operations);
    await deploy('single', {});
  });
  afterAll(() => stack.dispose());

  test('stand beside the server, which has no volume of them, and are protected', () => {
    expect(Object.keys(ids(database))).toEqual(['database-1']);
    expect(Object.keys(ids(cache))).toEqual(['queue-1']);
    expect(Object.keys(ids('aws:ebs/volume:Volume'))).toEqual(['exports-1']);
    expect([database, cache].flatMap(of).map(({ protect }) => protect)).toEqual([true, true]);
  });

  test('let the users of the platform into the cache, and nobody else', () => {
    const users = Object.values(ids('aws:elasticache/user:User'));
    const [group] = of('aws:elasticache/userGroup:UserGroup');
    expect(users).not.toEqual([]);
    expect(group?.inputs?.userIds).toEqual(expect.arrayContaining(users));
    expect(group?.inputs?.userIds).toHaveLength(users.length);
    expect(of(cache)[0]?.inputs?.userGroupIds).toEqual([group?.id]);
  });

  test('have changed nothing when they are deployed again', async () => {
    await stack.pulumi('preview', '--expect-no-changes');
  });

  test('are the same ones in another tier, with replicas beside the database', async () => {
    const before = [ids(database), ids(cache)];
    await deploy('split', { replicas: 1 });
    const { 'database-replica-1': replica, ...others } = ids(database);
    expect([others, ids(cache)]).toEqual(before);
    expect(replica).toMatch(/./);
    await stack.pulumi('preview', '--expect-no-changes');
  });
});
