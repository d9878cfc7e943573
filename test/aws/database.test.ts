import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Cloud } from './support/cloud';
import { Servers } from './support/servers';
import { CloudStack, region, whyNoStack, type StateResource } from './support/stack';
import type { Ran } from '../support/workspace';

const reason = await whyNoStack();

const databaseTypes = ['aws:ebs/volume:Volume', 'aws:rds/instance:Instance'];
const cacheType = 'aws:elasticache/replicationGroup:ReplicationGroup';
const attachmentType = 'aws:ec2/volumeAttachment:VolumeAttachment';

describe.skipIf(reason)(
  'a database that moves to RDS, and ElastiCache (moto, and a stand-in for users and servers)',
  () => {
    let stack: CloudStack;
    let all: readonly StateResource[];

    async function up(tier: string, database: object): Promise<Ran> {
      stack.configure({
        'strata:tier': tier,
        'strata:aws': { region, dnsZone: stack.zone, cache: 'elasticache', ...database },
      });
      return stack.run('up');
    }

    async function deploy(tier: string, database: object): Promise<string> {
      const { code, stdout, stderr } = await up(tier, database);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      all = await stack.resources();
      return stdout + stderr;
    }

    /** Name → id, of resources of these types. */
    const idsOf = (...types: readonly string[]): Record<string, string | undefined> =>
      Object.fromEntries(
        all
          .filter(({ type }) => types.includes(type))
          .map(({ urn, id }) => [urn.split('::').at(-1) ?? '', id] as const)
          .filter(([name]) => /^(?:database|queue)-/.test(name)),
      );
    const of = (type: string) => all.filter((resource) => resource.type === type);
    const some = expect.stringMatching(/./) as string;

    beforeAll(async () => {
      stack = await CloudStack.create(new Servers(() => stack).operations);
      await deploy('single', { database: 'vm' });
    });
    afterEach(() => vi.unstubAllEnvs());
    afterAll(() => stack.dispose());

    test('lets the users of the platform into the cache, and nobody else', () => {
      const users = of('aws:elasticache/user:User').map(({ id }) => id);
      const [group] = of('aws:elasticache/userGroup:UserGroup');
      expect(users).not.toEqual([]);
      expect(group?.inputs?.userIds).toEqual(expect.arrayContaining(users));
      expect(group?.inputs?.userIds).toHaveLength(users.length);
      expect(of(cacheType).map(({ protect, inputs }) => [protect, inputs?.userGroupIds])).toEqual([
        [true, [group?.id]],
      ]);
    });

    test('has RDS beside the volume of its server, and then in its place', async () => {
      const server = idsOf(...databaseTypes);
      const attached = idsOf(attachmentType);
      expect(Object.keys(server)).toEqual(['database-1']);

      const said = await deploy('single', { database: 'rds', databaseMove: 'copying' });
      expect(said).toContain('Next: npm run move-database -- plan --stack cloud');
      const both = idsOf(...databaseTypes);
      expect(both).toEqual({ ...server, 'database-2': some });

      await deploy('single', { database: 'rds', databaseMove: 'moved' });
      expect(idsOf(...databaseTypes)).toEqual(both);
      expect(idsOf(attachmentType)).toEqual(attached);
    });

    test('gives the volume up by its token alone, while its server runs on', async () => {
      const { 'database-2': managed } = idsOf(...databaseTypes);
      const settled = { database: 'rds', databaseMove: 'settled' };
      const { code, stderr } = await up('single', settled);
      expect(code).toBe(1);
      const token = 'cloud/database-1';
      expect(stderr).toContain(`STRATA_DELETE_DATA=${token} npm run up -- --stack cloud`);

      vi.stubEnv('STRATA_DELETE_DATA', token);
      await deploy('single', settled);
      expect(idsOf(...databaseTypes)).toEqual({ 'database-2': managed });
      expect(await new Cloud(stack).running()).toEqual({ server: 'running' });
    });

    test('is the same one in another tier, with replicas beside it', async () => {
      const kinds = [...databaseTypes, cacheType];
      const before = idsOf(...kinds);
      await deploy('split', { database: 'rds', databaseMove: 'settled', rds: { replicas: 1 } });
      const { 'database-replica-1': replica, ...others } = idsOf(...kinds);
      expect(others).toEqual(before);
      expect(replica).toEqual(some);
      await stack.pulumi('preview', '--expect-no-changes');
    });

    test('is asked how it is: healthy, and not once somebody has stopped it', async () => {
      const where = expect.stringMatching(/^Amazon RDS \(strata-cloud-database-2\)$/) as string;
      const asked = async () => {
        const { code, stdout } = await stack.run('status', '--json');
        return { code, ...(JSON.parse(stdout) as { services: unknown[] }) };
      };
      const one = { name: 'database-2', kind: 'rds', where };
      const healthy = await asked();
      expect(healthy).toMatchObject({ code: 0, healthy: true });
      expect(healthy.services).toContainEqual({ ...one, healthy: true });

      stack.moto.call('rds', 'stop_db_instance', {
        DBInstanceIdentifier: 'strata-cloud-database-2',
      });
      const stopped = await asked();
      expect(stopped).toMatchObject({ code: 1, healthy: false });
      const reason = 'AWS says it is stopped';
      expect(stopped.services).toContainEqual({ ...one, healthy: false, reason });
      const { code, stderr } = await stack.run('up');
      expect(code).toBe(1);
      expect(stderr).toContain(`database-2: ${reason}`);
    });
  },
);
