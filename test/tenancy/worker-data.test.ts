import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Metrics } from '../../components/services/images/tenants/metrics';
import { Worker } from '../../components/services/images/tenants/worker';
import { terminal } from '../../engine/terminal';
import { byWorker, inVolume } from '../../engine/tenants/by-worker';
import {
  enqueue,
  jobState,
  nobody,
  type JobAction,
  type JobState,
} from '../../provider/tenancy/jobs';
import { sha256Of } from '../../provider/tenancy/export-folder';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant } from '../../provider/tenancy/registry';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { startServer, type Server } from '../sql/support/server';
import { deployCluster, master, planWith, platformOf } from './support/platform';

let server: Server;
let platform: Platform;
let worker: Worker;
let exports: string;

beforeAll(async () => {
  exports = mkdtempSync(path.join(os.tmpdir(), 'strata-exports-'));
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  platform = platformOf({ main: server }, plan);
  worker = new Worker({
    url: server.url('strata_migrator', 'strata'),
    ...{ master, plan, exports, model: 'shared', atOnce: 2 },
    ...{ leaseSeconds: 30, retrySeconds: 0.01, pollSeconds: 5 },
    stores: (made) => [postgresStore(made)],
    log: () => undefined,
    metrics: new Metrics(),
  });
  worker.start();
});

afterAll(async () => {
  await worker.stop();
  rmSync(exports, { recursive: true, force: true });
  await server.stop();
});

async function ask(
  action: JobAction,
  slug: string,
  given: Readonly<Record<string, unknown>>,
): Promise<JobState> {
  const job = await enqueue(platform.clusters, { action, slug, arguments: given });
  await expect
    .poll(async () => (await jobState(platform.clusters, job)).state, {
      timeout: 60_000,
      interval: 50,
    })
    .toMatch(/done|failed/);
  return jobState(platform.clusters, job);
}

test('a worker exports a tenant, makes another of it, forgets a person, and deletes in two steps', async () => {
  const members = [
    { user: 'ann', role: 'admin' },
    { user: 'bob', role: 'member' },
  ];
  await ask('create', 'whole', { name: 'Whole', model: 'schema', members });
  const { id } = await findTenant(platform.clusters, 'whole');
  expect(await ask('export', 'whole', { folder: 'first' })).toMatchObject({
    state: 'done',
    result: {
      tenant: 'whole',
      folder: 'first',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    },
  });
  expect(readdirSync(path.join(exports, 'first'))).toContain('manifest.json');
  const copied = await ask('import', 'copy', {
    folder: 'first',
    model: 'database',
    as: { slug: 'copy' },
  });
  expect(copied).toMatchObject({ state: 'done', result: { slug: 'copy' } });
  expect((await findTenant(platform.clusters, 'copy')).id).not.toBe(id);
  expect(await ask('anonymise', 'copy', { person: 'bob' })).toMatchObject({ state: 'done' });

  const exported = await ask('delete', 'copy', { folder: 'last' });
  expect(exported).toMatchObject({ state: 'done', result: { step: 'exported' } });
  const { token } = exported.result as { token: string };
  const { id: copyId } = await findTenant(platform.clusters, 'copy');
  const meant = { folder: 'last', tenantHash: sha256Of(copyId) };
  expect((await ask('delete', nobody, { ...meant, token: 'f'.repeat(32) })).error).toContain(
    'token',
  );
  const deleted = await ask('delete', nobody, { ...meant, token });
  expect(deleted).toMatchObject({ state: 'done', result: { step: 'deleted' } });
  const admin = await server.connect('postgres', 'strata');
  const jobs = await admin.query(
    "select from registry.tenant_jobs where tenant_jobs::text ~ 'copy'",
  );
  expect(jobs.rowCount).toBe(0);
  await expect(findTenant(platform.clusters, 'copy')).rejects.toThrow('Unknown tenant');
});

test.each(['../../etc', '/etc', 'a/b', '', '.', 'A', 'x\u0001', 'a'.repeat(64)])(
  'a worker writes nowhere else: %j',
  async (folder) => {
    const { state, attempts, error } = await ask('export', 'whole', { folder });
    expect([state, attempts]).toEqual(['failed', 1]);
    expect(error).toContain('the name of a folder in the volume of exports');
  },
);

test('a command that asks the worker is told how far it is, and what came of it', async () => {
  const notes: string[] = [];
  const out = { ...terminal(true), note: (text: string) => void notes.push(text) };
  const follow = (
    action: JobAction,
    slug: string,
    given: object,
    waitMs?: number,
  ): Promise<unknown> =>
    byWorker(platform.clusters, { action, slug, arguments: { ...given } }, out, waitMs);
  const made = { name: 'Followed', members: [{ user: 'ann', role: 'admin' }] };
  expect(await follow('create', 'followed', made)).toMatchObject({ slug: 'followed' });
  expect(notes.at(-1)).toBe('it is active');
  await expect(follow('create', 'followed', made)).rejects.toThrow('the slug followed is taken');
  await expect(follow('export', 'followed', { folder: '/etc' })).rejects.toThrow('cannot be read');
  expect(() => inVolume('../x')).toThrow('is a path');
  await worker.stop();
  await expect(follow('suspend', 'followed', {}, 1)).rejects.toThrow(/No worker has taken job/);
});
