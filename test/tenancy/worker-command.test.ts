import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { tenantsCommand } from '../../engine/commands/tenants';
import { readSecretOutputs, type SecretOutputs } from '../../engine/outputs';
import { listTenants } from '../../provider/tenancy/registry';
import { runCommand, type Outcome } from '../support/command';
import { master } from './support/platform';
import { WorkerWorld } from './support/worker';

vi.mock('../../engine/outputs', async (original) => ({
  ...(await original<object>()),
  readSecretOutputs: vi.fn(),
}));

let all: WorkerWorld;
let exports: string;

beforeAll(async () => {
  all = await WorkerWorld.start();
  exports = mkdtempSync(path.join(os.tmpdir(), 'strata-exports-'));
  all.work({ exports });
});

afterAll(async () => {
  await all.reset();
  await all.stop();
  rmSync(exports, { recursive: true, force: true });
});

beforeEach(() => {
  const redis = { kind: 'workload', where: 'here' };
  const outputs: Partial<SecretOutputs> = {
    databases: { strata_migrator: all.server.url('strata_migrator', 'strata') },
    tenantLogins: master,
    services: { redis },
  };
  vi.mocked(readSecretOutputs)
    .mockReset()
    .mockResolvedValue(outputs as SecretOutputs);
});

/** Of a stack that has Redis, so that its worker copies and deletes. */
const run = (...args: string[]): Promise<Outcome> => runCommand(tenantsCommand(), ...args);
const slugs = async (): Promise<string[]> =>
  (await listTenants(all.platform.clusters)).map(({ slug }) => slug);

test('to name one tenant with the folder and the token of another deletes nobody, by the worker too', async () => {
  await run('create', 'kept', '--admin', 'ann');
  await run('create', 'gone', '--admin', 'ann');
  const { token } = JSON.parse((await run('delete', 'gone', '--folder', 'last')).stdout) as {
    token: string;
  };
  const second = (slug: string): Promise<Outcome> =>
    run('delete', slug, '--folder', 'last', '--token', token);
  for (const named of ['kept', 'nobody-here']) {
    const { stdout, error } = await second(named);
    expect([stdout, error]).toEqual([
      '',
      'Nobody is deleted:\n  - last is the export of another tenant than the one that was named: name the one that it is of',
    ]);
    expect(await slugs()).toEqual(['gone', 'kept']);
  }
  expect(JSON.parse((await second('gone')).stdout)).toMatchObject({ step: 'deleted' });
  expect(await slugs()).toEqual(['kept']);
  // Whoever did not hear of it asks again, when the registry does not know it any more.
  expect(JSON.parse((await second('gone')).stdout)).toMatchObject({ step: 'deleted' });
});

test('a command asks the engine once for what the stack tells', async () => {
  await run('create', 'asked', '--admin', 'ann');
  vi.mocked(readSecretOutputs).mockClear();
  expect((await run('export', 'asked', '--out', 'asked')).error).toBeUndefined();
  expect(readSecretOutputs).toHaveBeenCalledTimes(1);
});
