import { describe, expect, test, vi } from 'vitest';
import type { Registered } from '../support/graph';
import { deploy as deployed, reached } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

function deploy(config: Record<string, unknown>): Promise<Registered[]> {
  return deployed({ target: 'docker', preset: 'standard', ...config }, false);
}

/** The names of the resources that two deployments have different inputs for, with those that only one of them has. */
function differing(before: readonly Registered[], after: readonly Registered[]): string[] {
  const texts = (all: readonly Registered[]): Map<string, string> =>
    new Map(all.map(({ urn, inputs }) => [urn, JSON.stringify(inputs)]));
  const [first, second] = [texts(before), texts(after)];
  const urns = new Set([...first.keys(), ...second.keys()]);
  return [...urns]
    .filter((urn) => first.get(urn) !== second.get(urn))
    .map((urn) => urn.split('::').at(-1) ?? '')
    .sort();
}

describe('a changed setting changes the resources of its service alone', () => {
  test.each<[what: string, config: Record<string, unknown>, changed: string[]]>([
    ['nothing', {}, []],
    ['a variable', { services: { graphql: { env: { DEBUG: 'x' } } } }, ['graphql-1']],
    [
      'memory of a service',
      { services: { graphql: { resources: { memory: '1G' } } } },
      ['graphql-1'],
    ],
    [
      'processors, which leaves the memory as it is',
      { services: { graphql: { resources: { cpus: 2 } } } },
      ['graphql-1'],
    ],
    [
      'another guard, and memory of both',
      { services: { guard: { replicas: 2, resources: { memory: '1G' } } } },
      ['files-prometheus', 'guard-1', 'guard-2', 'guard-2-ready'],
    ],
    [
      'memory of the functions',
      { functions: { memory: '768M' } },
      ['functions-1', 'functions-worker-1'],
    ],
    ['memory of Redis', { redis: { memory: '1G' } }, ['files-redis', 'redis-1']],
    ['an allowed address', { gateway: { operators: ['10.0.0.0/8'] } }, ['files-gateway']],
    ['the depth of a query', { limits: { graphql: { maxDepth: 7 } } }, ['files-guard']],
    ['another image', { images: { override: { redis: 'redis:7.2.1' } } }, ['image-redis']],
  ])('%s', async (_what, config, changed) => {
    expect(differing(await deploy({}), await deploy(config))).toEqual(changed);
  });
});

test('replicas are made and replaced one after the other', async () => {
  const services = { graphql: { replicas: 3 } };
  const all = await deploy({ services });
  const named = (name: string): Registered => {
    const found = all.find((resource) => resource.name === name);
    if (!found) throw new Error(`nothing is called ${name}`);
    return found;
  };
  const chain = ['1', '2', '3'].flatMap((n) => [`graphql-${n}`, `graphql-${n}-ready`]);
  const own = all.filter(({ name }) => /^graphql-\d/.test(name));
  expect(own.map(({ name }) => name).sort()).toEqual(chain);
  chain.forEach((name, at) => {
    const waits = reached(all, named(name));
    expect(
      chain.filter((other) => waits.has(named(other).urn)),
      name,
    ).toEqual(chain.slice(0, at));
  });
  // Callers find them under one name.
  const aliases = own
    .filter(({ name }) => !name.endsWith('-ready'))
    .map(({ inputs }) => inputs.networksAdvanced);
  expect(aliases).toEqual(Array(3).fill([{ name: 'strata-test-network', aliases: ['graphql'] }]));
});

test('another replica leaves those that are there alone', async () => {
  const [two, three] = [2, 3].map((replicas) => ({ services: { graphql: { replicas } } }));
  expect(differing(await deploy(two ?? {}), await deploy(three ?? {}))).toEqual([
    'graphql-3',
    'graphql-3-ready',
  ]);
});
