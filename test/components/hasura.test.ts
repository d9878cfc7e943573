import { describe, expect, test, vi } from 'vitest';
import type { Registered } from '../support/graph';
import { deploy, isSecret } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const services = { graphql: { enabled: false }, hasura: { enabled: true, replicas: 3 } };
const config = { target: 'docker', services };

function one(all: readonly Registered[], name: string, type?: string): Registered {
  const found = all.find(
    (each) => each.name === name && (type === undefined || each.type === type),
  );
  if (!found) throw new Error(`no ${name}`);
  return found;
}

describe.each([true, false])('Hasura in three replicas on Docker, with unknowns: %s', (preview) => {
  test('is told its metadata by the first, and the gateway waits for that', async () => {
    const all = await deploy(config, preview);
    const metadata = one(all, 'hasura-metadata', 'strata:hasura:Metadata');
    expect(metadata.inputs).toMatchObject({
      endpoint: 'http://127.0.0.1:25433',
      others: {},
      application: {},
    });
    // What is unknown yet, the mocks do not mark.
    expect(isSecret(metadata.inputs.adminSecret)).toBe(!preview);
    expect(isSecret(metadata.inputs.url)).toBe(!preview);
    const replicas = ['hasura-1', 'hasura-2', 'hasura-3'].map((name) => one(all, name));
    expect(replicas.map(({ inputs }) => inputs.ports)).toEqual([
      [{ external: 25433, internal: 8080, ip: '127.0.0.1' }],
      undefined,
      undefined,
    ]);
    expect(one(all, 'gateway-1').dependencies).toContain(metadata.urn);
  });

  test('keeps its metadata in a database that it owns, which stays when it is taken out', async () => {
    const vendor = one(await deploy(config, preview), 'vendor-hasura', 'strata:database:Vendor');
    expect(vendor.inputs).toMatchObject({ name: 'vendor_hasura', connections: 10 });
    expect(isSecret(vendor.inputs.password)).toBe(!preview);
    expect(vendor.retainOnDelete).toBe(true);
  });

  test('is given no secret as a variable of its container', async () => {
    const { inputs } = one(await deploy(config, preview), 'hasura-1');
    const variables = inputs.envs as string[];
    expect(variables.filter((each) => isSecret(each))).toEqual([]);
    expect(JSON.stringify(variables)).not.toContain('password-of');
  });
});

test('a deployment without Hasura has neither its database nor its metadata', async () => {
  const all = await deploy({ target: 'docker' }, false);
  expect(all.filter(({ type }) => /hasura|Vendor/.test(type))).toEqual([]);
});
