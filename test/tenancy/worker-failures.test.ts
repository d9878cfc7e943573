import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tenantIdOf } from '../../components/services/images/tenants/actions';
import { enqueue, jobState } from '../../provider/tenancy/jobs';
import { findTenant } from '../../provider/tenancy/registry';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { soon, WorkerWorld } from './support/worker';

let all: WorkerWorld;

beforeAll(async () => {
  all = await WorkerWorld.start();
});

afterAll(() => all.stop());
afterEach(() => all.reset());

describe('a job', () => {
  test('that fails is tried five times, with pauses that grow, and given up with the reason', async () => {
    const provision = (): Promise<never> => Promise.reject(new Error('the bucket is full'));
    const job = await all.signUp('doomed');
    all.work({ stores: (made) => [{ ...postgresStore(made), provision }] });
    expect(await all.ends(job)).toEqual({
      state: 'failed',
      error: 'the bucket is full',
      progress: expect.any(String) as string,
      result: null,
      attempts: 5,
    });
    expect(all.lines.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 4 }, () => ['takes a job', 'a job failed and is tried again']).flat(),
      'takes a job',
      'gave a job up',
    ]);
    const pauses = all.lines.flatMap(({ retryAfterSeconds: seconds }) => seconds ?? []);
    expect(pauses).toEqual([0.01, 0.02, 0.04, 0.08]);
    expect((await findTenant(all.platform.clusters, 'doomed')).status).toBe('provisioning');
  });

  test('that failed goes on where it was when the trouble is over', async () => {
    let broken = true;
    const provision = (): Promise<void> =>
      broken ? Promise.reject(new Error('not yet')) : Promise.resolve();
    const job = await all.signUp('patient', 'database');
    all.work({ stores: (made) => [{ ...postgresStore(made), provision }], retrySeconds: 0.5 });
    await expect
      .poll(async () => (await jobState(all.platform.clusters, job)).error, soon)
      .toBe('not yet');
    broken = false;
    expect((await all.ends(job)).state).toBe('done');
    expect((await findTenant(all.platform.clusters, 'patient')).id).toBe(tenantIdOf(job));
  });

  test('whose worker ended five times is given up', async () => {
    const job = await all.signUp('killer');
    await all.admin.query(
      `update registry.tenant_jobs set state = 'running', attempts = 5, lease = gen_random_uuid(), due_at = now()`,
    );
    all.work();
    expect((await all.ends(job)).error).toBe('its worker ended while it was done, 5 times');
  });

  test('of which nobody can make sense is refused', async () => {
    all.work();
    const job = await enqueue(all.platform.clusters, {
      action: 'configure',
      slug: 'nobody',
      arguments: { limits: { maxConnections: '1; drop table' } },
    });
    const { state, error, attempts } = await all.ends(job);
    expect([state, attempts]).toEqual(['failed', 1]);
    expect(error).toContain('what was asked for (configure) cannot be read');
  });
});
