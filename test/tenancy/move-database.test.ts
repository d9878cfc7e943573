import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveDatabases } from '../../provider/database-move/move';
import type { Server } from '../sql/support/server';
import { startServer } from '../sql/support/server';
import { endsOf, findKit, managedServer } from './support/database-move';
import { addTenant, deployCluster, planWith, platformOf } from './support/platform';

const kit = findKit();
describe.skipIf(!kit)('x', () => {
  let source: Server;
  beforeAll(async () => {
    const plan = planWith();
    source = await startServer({ bin: kit!.bin });
    await deployCluster(source, plan);
    const platform = platformOf({ main: source }, plan);
    for (const model of ['shared', 'schema', 'database'] as const) {
      await addTenant(source, platform, `t-${model}`, { model, members: { [`ann-${model}`]: 'admin' } });
    }
  });
  afterAll(() => source.stop());
  test('moves', async () => {
    const target = await managedServer(kit!.bin);
    const report = await moveDatabases(endsOf(source, target), { tools: kit!.tools, tell: console.log });
    console.log(report);
    expect(report.switched).toBe(true);
  });
});
