import { describe, expect, test, vi } from 'vitest';
import type { Registered } from '../support/graph';
import { deploy, isSecret, plainTexts, reached } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const chosen = ['postgrest', 'supabase-storage', 'imgproxy', 'meta', 'studio'] as const;
const services = {
  graphql: { enabled: false },
  postgrest: { enabled: true, replicas: 2 },
  ...Object.fromEntries(chosen.slice(1).map((name) => [name, { enabled: true }])),
};
const config = { target: 'docker', services };

/** Not the files of a container, nor the password of a database. */
function one(all: readonly Registered[], name: string): Registered {
  const found = all.find(
    ({ name: its, type }) => its === name && !/:Files$|[pP]assword$/.test(type),
  );
  if (!found) throw new Error(`no ${name}`);
  return found;
}

describe.each([true, false])('services of Supabase on Docker, with unknowns: %s', (preview) => {
  test('run, each with the store, the database and the jobs that it needs', async () => {
    const all = await deploy(config, preview);
    const names = all
      .filter(({ type }) => type === 'docker:index/container:Container')
      .map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'postgrest-1',
        'postgrest-2',
        'supabase-storage-1',
        'imgproxy-1',
        'meta-1',
        'studio-1',
        'object-store-1',
      ]),
    );
    expect(names).not.toContain('graphql-1');
    const jobs = all.filter(({ type }) => type === 'strata:docker:Job').map(({ name }) => name);
    expect(jobs).toEqual(
      expect.arrayContaining(['supabase-storage-bucket', 'supabase-storage-policies']),
    );
  });

  test('have the fence after the storage, and the storage after its bucket', async () => {
    const all = await deploy(config, preview);
    const before = (name: string): Set<string> => reached(all, one(all, name));
    expect(before('supabase-storage-policies')).toContain(one(all, 'supabase-storage-1').urn);
    expect(before('supabase-storage-1')).toContain(one(all, 'supabase-storage-bucket').urn);
    expect(before('supabase-storage-1')).toContain(one(all, 'imgproxy-1').urn);
    expect(before('studio-1')).toContain(one(all, 'meta-1').urn);
  });

  test('own a database whose login becomes what a token names, and nothing more', async () => {
    const vendor = one(await deploy(config, preview), 'vendor-supabase-storage');
    expect(vendor.inputs).toMatchObject({
      name: 'vendor_supabase_storage',
      connections: 15,
      becomes: ['strata_tenant', 'strata_anon'],
    });
    expect(vendor.retainOnDelete).toBe(true);
  });

  test('are given no secret as a variable of their containers, and no capability', async () => {
    const all = await deploy(config, preview);
    for (const name of chosen) {
      const { inputs } = one(all, `${name}-1`);
      expect((inputs.envs as unknown[]).filter((each) => isSecret(each))).toEqual([]);
      expect(plainTexts(inputs).filter((text) => text.includes('password-of'))).toEqual([]);
      expect(inputs).toMatchObject({ readOnly: true, capabilities: { adds: [], drops: ['ALL'] } });
    }
  });
});
