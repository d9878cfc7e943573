import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { tenantIdOf } from '../../components/services/images/tenants/actions';
import { jobState } from '../../provider/tenancy/jobs';
import { exclusively } from '../../provider/tenancy/lifecycle';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant } from '../../provider/tenancy/registry';
import { startServer, type Server } from '../sql/support/server';
import { RedisServer } from '../support/guard/redis';
import { notesOf } from './support/caller';
import { deployCluster, master, planWith, platformOf } from './support/platform';
import { WorkerProcesses } from './support/worker-process';

const soon = { timeout: 90_000, interval: 20 };

let server: Server;
let admin: Client;
let platform: Platform;
let processes: WorkerProcesses;
let redis: RedisServer;

beforeAll(async () => {
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  platform = platformOf({ main: server }, plan);
  admin = await server.connect('postgres', 'strata');
  redis = await RedisServer.start();
  const urls = { database: server.url('strata_migrator', 'strata'), redis: redis.urlOf('tenants') };
  processes = new WorkerProcesses(urls, plan);
});

afterAll(async () => {
  await processes.remove();
  await Promise.all([server.stop(), redis.stop()]);
});

afterEach(async () => {
  await processes.end();
  await admin.query('delete from registry.tenant_jobs');
});

async function signUp(slug: string, model: string): Promise<string> {
  const app = await server.connect('strata_app', 'strata');
  const { rows } = await app.query<{ job: string }>(
    "select tenancy.sign_up($1, 'A name', 'ann', $2) as job",
    [slug, model],
  );
  await app.end();
  return rows[0]?.job ?? '';
}

const stateOf = async (job: string): Promise<string> =>
  (await jobState(platform.clusters, job)).state;

test('a worker that is killed in the middle of a job leaves it to the next, once its lease is over', async () => {
  const first = await processes.start({ LEASE_SECONDS: '3' });
  // Written when the place is there, before its tenant is active.
  const holder = await server.connect('postgres', 'strata');
  await holder.query('begin; lock table registry.tenant_migrations in share mode');
  const job = await signUp('killed', 'database');
  const waiting = () =>
    admin.query(
      "select from pg_locks where relation = 'registry.tenant_migrations'::regclass and not granted",
    );
  await expect.poll(async () => (await waiting()).rowCount, soon).toBe(1);
  first.child.kill('SIGKILL');
  await first.ended;
  expect(await stateOf(job)).toBe('running');
  await holder.end();

  await processes.start({ LEASE_SECONDS: '3' });
  await expect.poll(() => stateOf(job), soon).toBe('done');
  expect(await jobState(platform.clusters, job)).toMatchObject({ attempts: 2, error: null });
  const tenant = await findTenant(platform.clusters, 'killed');
  expect([tenant.id, tenant.status]).toEqual([tenantIdOf(job), 'active']);
  expect(await notesOf(server, tenant)).toEqual([]);
});

test('a worker that is stopped finishes its job, takes no other, and says good-bye', async () => {
  const worker = await processes.start({ JOBS: '1' });
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const holding = exclusively(platform.clusters, 'last', () => held);
  const [last, next] = [await signUp('last', 'schema'), await signUp('next', 'shared')];
  await expect.poll(() => stateOf(last), soon).toBe('running');
  worker.child.kill('SIGTERM');
  await expect
    .poll(() => fetch(`${worker.url}/healthz`).catch(() => 'closed'), soon)
    .toBe('closed');
  expect(worker.child.exitCode).toBeNull();
  release();
  await holding;
  expect((await worker.ended).code).toBe(0);
  expect([await stateOf(last), await stateOf(next)]).toEqual(['done', 'queued']);
});

test('a worker is healthy, counts what it does, and logs JSON without a secret', async () => {
  const worker = await processes.start();
  const job = await signUp('counted', 'database');
  await expect.poll(() => stateOf(job), soon).toBe('done');
  const health = await fetch(`${worker.url}/healthz`);
  expect([health.status, await health.text()]).toEqual([200, 'ok\n']);
  const figures = await (await fetch(`${worker.url}/metrics`)).text();
  expect(figures).toContain('strata_tenant_jobs_total{action="create",result="done"} 1');
  // The members that the job made are brought to their database by a job of its own, which may be done by now.
  expect(figures).toMatch(/^strata_tenant_jobs\{state="done"\} [12]$/m);
  expect((await fetch(`${worker.url}/anything`)).status).toBe(404);
  const said = worker.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const ofJob = said.filter((line) => line.job === job).map(({ message }) => message);
  expect([said[0]?.message, ...ofJob]).toEqual(['ready', 'takes a job', 'did a job']);
  expect(worker.lines.join('\n')).not.toContain(master);
});

test('a worker whose database goes away waits, and goes on when it is back', async () => {
  const worker = await processes.start();
  // It asks in the same moment as it connects.
  await expect
    .poll(
      async () =>
        (
          await admin.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'strata_migrator'",
          )
        ).rowCount,
      soon,
    )
    .toBeGreaterThan(0);
  await worker.line(/the registry does not answer/);
  const job = await signUp('back-again', 'shared');
  await expect.poll(() => stateOf(job), soon).toBe('done');
});
