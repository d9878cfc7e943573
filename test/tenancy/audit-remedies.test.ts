import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../provider/audit/audit';
import type { Finding } from '../../provider/audit/finding';
import { configureTenant, suspendTenant } from '../../provider/tenancy/lifecycle';
import { moveTenant } from '../../provider/tenancy/move';

import { findTenant, setStatus } from '../../provider/tenancy/registry';
import { OneCluster } from './support/one-cluster';

let one: OneCluster;

beforeAll(async () => {
  one = await OneCluster.start();
});

afterAll(() => one.stop());

const found = (): Promise<Finding[]> => audit(one.server.url('strata_migrator', 'strata'));
const roleOf = async (slug: string): Promise<string> =>
  `strata_t_${(await findTenant(one.platform.clusters, slug)).id.replaceAll('-', '')}`;

/** The one step that the audit says, without what it begins with. */
async function remedy(): Promise<string> {
  const [finding, ...others] = await found();
  expect(others).toEqual([]);
  if (!finding || !('step' in finding.remedy)) throw new Error('one finding with a step expected');
  return finding.remedy.step.replace('npm run tenants -- ', '');
}

describe('what the audit says of a tenant’s role mends it', () => {
  test.each(['schema', 'database'] as const)('that is gone, of model %s', async (model) => {
    const slug = `lost-${model}`;
    await one.make(slug, model);
    const role = await roleOf(slug);
    await one.admin.query(`drop owned by ${role}; drop role ${role}`);
    expect(await remedy()).toBe(
      `move ${slug} --model shared, and back with --model ${model}: it is made with the place`,
    );
    for (const to of ['shared', model] as const) {
      await moveTenant(one.platform, slug, { model: to, shard: 'main' }, { graceMs: 0 });
    }
    expect(await found()).toEqual([]);
  });

  test('that does not log in', async () => {
    await one.make('closed', 'database');
    await one.admin.query(`alter role ${await roleOf('closed')} nologin`);
    expect(await remedy()).toBe('configure closed --rotate-login');
    await configureTenant(one.platform, 'closed', { rotateLogin: true });
    expect(await found()).toEqual([]);
  });

  test('that logs in while its tenant is suspended', async () => {
    const tenant = await one.make('open', 'database');
    await setStatus(one.platform.clusters, tenant, 'suspended', ['active']);
    expect(await remedy()).toBe('suspend open');
    await suspendTenant(one.platform, 'open');
    expect(await found()).toEqual([]);
  });
});
