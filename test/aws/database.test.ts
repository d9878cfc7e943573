import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Servers } from './support/servers';
import { CloudStack, region, whyNoStack, type StateResource } from './support/stack';

const reason = await whyNoStack();

describe.skipIf(reason)('a database of RDS (moto, and a stand-in for its servers)', () => {
  let stack: CloudStack;
  let all: readonly StateResource[];

  async function deploy(tier: string, rds: object): Promise<void> {
    const aws = { region, dnsZone: stack.zone, database: 'rds', rds };
    stack.configure({ 'strata:tier': tier, 'strata:aws': aws });
    await stack.succeed('up');
    all = await stack.resources();
  }

  /** Name → id of the databases. */
  const databases = (): Record<string, string | undefined> =>
    Object.fromEntries(
      all
        .filter(({ type }) => type === 'aws:rds/instance:Instance')
        .map(({ urn, id }) => [urn.split('::').at(-1) ?? '', id]),
    );

  beforeAll(async () => {
    stack = await CloudStack.create(new Servers(() => stack).operations);
    await deploy('single', {});
  });
  afterAll(() => stack.dispose());

  test('stands beside the server, which has no volume of it', () => {
    expect(Object.keys(databases())).toEqual(['database-1']);
    const volumes = all.filter(({ type }) => type === 'aws:ebs/volume:Volume');
    expect(volumes.map(({ urn }) => urn).join(' ')).not.toContain('database-1');
  });

  test('has changed nothing when it is deployed again', async () => {
    await stack.pulumi('preview', '--expect-no-changes');
  });

  test('is the same one in another tier, with replicas beside it', async () => {
    const before = databases();
    await deploy('split', { replicas: 1 });
    expect(databases()).toEqual({
      ...before,
      'database-replica-1': expect.stringMatching(/./) as string,
    });
    await stack.pulumi('preview', '--expect-no-changes');
  });

  test('is asked how it is: healthy, and not once somebody has stopped it', async () => {
    const where = expect.stringMatching(/^Amazon RDS \(strata-cloud-database-1\)$/) as string;
    const asked = async () => {
      const { code, stdout } = await stack.run('status', '--json');
      return { code, ...(JSON.parse(stdout) as { services: unknown[] }) };
    };
    const one = { name: 'database-1', kind: 'rds', where };
    const healthy = await asked();
    expect(healthy).toMatchObject({ code: 0, healthy: true });
    expect(healthy.services).toContainEqual({ ...one, healthy: true });

    stack.moto.call('rds', 'stop_db_instance', { DBInstanceIdentifier: 'strata-cloud-database-1' });
    const stopped = await asked();
    expect(stopped).toMatchObject({ code: 1, healthy: false });
    const reason = 'AWS says it is stopped';
    expect(stopped.services).toContainEqual({ ...one, healthy: false, reason });
    const { code, stderr } = await stack.run('up');
    expect(code).toBe(1);
    expect(stderr).toContain(`database-1: ${reason}`);
  });
});
