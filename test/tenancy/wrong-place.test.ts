import { afterAll, beforeAll, expect, test } from 'vitest';
import { moveTenant } from '../../provider/tenancy/move';
import { OneCluster } from './support/one-cluster';

let one: OneCluster;

beforeAll(async () => {
  one = await OneCluster.start();
});

afterAll(() => one.stop());

/** As a backend that asks nobody where a tenant's rows are. */
async function write(tenantId: string): Promise<string> {
  const app = await one.server.connect('strata_app', 'strata');
  try {
    const { rows } = await one.admin.query<{ id: string }>(
      'select user_id as id from registry.members where tenant_id = $1',
      [tenantId],
    );
    await app.query('begin');
    await app.query(
      `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
         set_config('app.role', 'admin', true), set_config('search_path', 'app', true)`,
      [tenantId, rows[0]?.id],
    );
    await app.query("insert into projects (name) values ('order 4711')");
    await app.query('commit');
    return 'written';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await app.end();
  }
}

test.each(['schema', 'database'] as const)(
  'rows for a tenant of model %s are refused at the shared tables, where nobody would read them',
  async (model) => {
    const tenant = await one.make(`own-${model}`, model);
    expect(await write(tenant.id)).toBe('ST001');
    await moveTenant(one.platform, tenant.slug, { model: 'shared', shard: 'main' }, { graceMs: 0 });
    expect(await write(tenant.id)).toBe('written');
    await moveTenant(one.platform, tenant.slug, { model, shard: 'main' }, { graceMs: 0 });
    expect(await write(tenant.id)).toBe('ST001');
  },
);

test('rows for a tenant that shares the tables are written', async () => {
  const tenant = await one.make('sharing', 'shared');
  expect(await write(tenant.id)).toBe('written');
});
