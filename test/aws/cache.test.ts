import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { servers } from './support/servers';
import { CloudStack, region, whyNoStack } from './support/stack';

const reason = await whyNoStack();

const volume = 'aws:ebs/volume:Volume';
const cache = 'aws:elasticache/replicationGroup:ReplicationGroup';

describe.skipIf(reason)('ElastiCache (moto, and a stand-in for its users and servers)', () => {
  let stack: CloudStack;

  beforeAll(async () => {
    stack = await CloudStack.create(servers(() => stack));
    configure({});
    await stack.succeed('up');
  });
  afterAll(() => stack.dispose());

  function configure(aws: object): void {
    stack.configure({
      'strata:tier': 'single',
      'strata:aws': { region, dnsZone: stack.zone, ...aws },
    });
  }

  async function queue(type: string) {
    const all = await stack.resources();
    return all.find((made) => made.type === type && made.urn.endsWith('::queue-1'));
  }

  test('is not taken for a volume that holds a queue: its protection stands in the way', async () => {
    const before = await queue(volume);
    configure({ cache: 'elasticache' });
    const { code, stdout, stderr } = await stack.run('up');
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/queue-1[^]*protected/);
    expect(await queue(volume)).toMatchObject({ id: before?.id, protect: true });
    // It was refused before anything was made.
    expect(await queue(cache)).toBeUndefined();
  });

  test('takes its place once somebody gives the volume up, and changes nothing the second time', async () => {
    const before = await queue(volume);
    await stack.pulumi('state', 'unprotect', before?.urn ?? '', '--yes');
    await stack.succeed('up');
    expect(await queue(volume)).toBeUndefined();
    expect(await queue(cache)).toMatchObject({ protect: true });
    await stack.pulumi('preview', '--expect-no-changes');
  });

  test('gets another node in its place, and is not given up for a server either', async () => {
    const before = await queue(cache);
    configure({ cache: 'elasticache', elasticache: { nodeType: 'cache.m7g.large' } });
    await stack.succeed('up');
    expect(await queue(cache)).toMatchObject({
      id: before?.id,
      inputs: { nodeType: 'cache.m7g.large' },
    });
    configure({});
    const { code, stdout, stderr } = await stack.run('up');
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/queue-1[^]*protected/);
    expect(await queue(cache)).toMatchObject({ id: before?.id });
  });
});
