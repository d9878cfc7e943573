import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Cloud } from './support/cloud';
import { Servers } from './support/servers';
import { CloudStack, region, whyNoStack } from './support/stack';

const reason = await whyNoStack();

describe.skipIf(reason)(
  'a database that moves to RDS (moto, and a stand-in for its servers)',
  () => {
    let stack: CloudStack;
    let cloud: Cloud;

    function configure(databaseMove?: string): void {
      const database = databaseMove === undefined ? {} : { database: 'rds', databaseMove };
      stack.configure({
        'strata:tier': 'single',
        'strata:aws': { region, dnsZone: stack.zone, ...database },
      });
    }

    /** Name → id of what is, was or will be the database, and of what gives a volume to its server. */
    async function databases(): Promise<Record<string, string | undefined>> {
      const types = /^aws:(?:ebs\/volume|rds\/instance|ec2\/volumeAttachment):(\w+)$/;
      const all = await stack.resources();
      return Object.fromEntries(
        all.flatMap(({ type, urn, id }) => {
          const [, kind] = types.exec(type) ?? [];
          const name = urn.split('::').at(-1) ?? '';
          return kind && name.startsWith('database-') ? [[`${kind} ${name}`, id] as const] : [];
        }),
      );
    }

    beforeAll(async () => {
      stack = await CloudStack.create(new Servers(() => stack).operations);
      cloud = new Cloud(stack);
      configure();
      await stack.succeed('up');
    });
    afterEach(() => vi.unstubAllEnvs());
    afterAll(() => stack.dispose());

    test('has RDS beside the volume of its server, and then in its place', async () => {
      const before = await databases();
      configure('copying');
      const { code, stdout, stderr } = await stack.run('up');
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout + stderr).toContain('Next: npm run move-database -- plan --stack cloud');
      const both = await databases();
      expect(both).toEqual({ ...before, 'Instance database-2': expect.any(String) as string });

      configure('moved');
      await stack.succeed('up');
      expect(await databases()).toEqual(both);
      expect(await cloud.attached()).toHaveProperty('database-1', 'server');
      await stack.pulumi('preview', '--expect-no-changes');
    });

    test('gives the volume up by its token alone, while its server runs on', async () => {
      const { 'Instance database-2': managed } = await databases();
      configure('settled');
      const { code, stderr } = await stack.run('up');
      expect(code).toBe(1);
      const token = 'cloud/database-1';
      expect(stderr).toContain(`STRATA_DELETE_DATA=${token} npm run up -- --stack cloud`);

      vi.stubEnv('STRATA_DELETE_DATA', token);
      await stack.succeed('up');
      expect(await databases()).toEqual({ 'Instance database-2': managed });
      expect(await cloud.running()).toEqual({ server: 'running' });
    });
  },
);
