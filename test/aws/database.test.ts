import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Servers } from './support/servers';
import { CloudStack, region, whyNoStack, type StateResource } from './support/stack';
import type { Ran } from '../support/workspace';

const reason = await whyNoStack();

const databaseTypes = ['aws:ebs/volume:Volume', 'aws:rds/instance:Instance'];
const attachmentType = 'aws:ec2/volumeAttachment:VolumeAttachment';

describe.skipIf(reason)(
  'a database that moves to RDS (moto, and a stand-in for its servers)',
  () => {
    let stack: CloudStack;
    let all: readonly StateResource[];

    async function up(tier: string, database: object): Promise<Ran> {
      stack.configure({
        'strata:tier': tier,
        'strata:aws': { region, dnsZone: stack.zone, ...database },
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
          .filter(([name]) => name.startsWith('database-')),
      );
    const some = expect.stringMatching(/./) as string;

    beforeAll(async () => {
      stack = await CloudStack.create(new Servers(() => stack).operations);
      await deploy('single', { database: 'vm' });
    });
    afterAll(() => stack.dispose());

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

    test('gives the volume up by its token alone', async () => {
      const settled = { database: 'rds', databaseMove: 'settled' };
      const { code, stderr } = await up('single', settled);
      expect(code).toBe(1);
      expect(stderr).toContain('STRATA_DELETE_DATA=cloud/database-1 npm run up -- --stack cloud');
    });

    test('is the same one in another tier, with replicas beside it', async () => {
      const before = idsOf(...databaseTypes);
      await deploy('split', { database: 'rds', databaseMove: 'moved', rds: { replicas: 1 } });
      expect(idsOf(...databaseTypes)).toEqual({ ...before, 'database-replica-1': some });
      await stack.pulumi('preview', '--expect-no-changes');
    });
  },
);
