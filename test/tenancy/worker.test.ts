import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tenantIdOf } from '../../components/services/images/tenants/actions';
import { placeOf } from '../../components/tenancy/places';
import { enqueue, jobState } from '../../provider/tenancy/jobs';
import { exclusively } from '../../provider/tenancy/lifecycle';
import { findTenant } from '../../provider/tenancy/registry';
import { notesOf } from './support/caller';
import { master } from './support/platform';
import { soon, WorkerWorld } from './support/worker';

let all: WorkerWorld;

beforeAll(async () => {
  all = await WorkerWorld.start();
});

afterAll(() => all.stop());
afterEach(() => all.reset());

describe('a tenant that signs up', () => {
  test.each([null, 'schema', 'database'])('is made by the worker, model %s', async (model) => {
    const slug = `signs-up-${model ?? 'usual'}`;
    const job = await all.signUp(slug, model);
    expect(await all.signUpState(job)).toEqual({ state: 'queued', error: null, tenant_id: null });
    all.work();
    expect(await all.ends(job)).toEqual({
      state: 'done',
      error: null,
      progress: 'it is active',
      attempts: 1,
      result: { id: tenantIdOf(job), slug },
    });
    const tenant = await findTenant(all.platform.clusters, slug);
    expect([tenant.id, tenant.model, tenant.status]).toEqual([
      tenantIdOf(job),
      model ?? 'shared',
      'active',
    ]);
    expect(await all.signUpState(job)).toEqual({
      state: 'done',
      error: null,
      tenant_id: tenant.id,
    });
    expect(await notesOf(all.server, tenant)).toEqual([]);
  });

  test('is made as soon as the worker hears of it', async () => {
    all.work({ pollSeconds: 600 });
    await expect
      .poll(
        async () =>
          (
            await all.admin.query(
              "select from pg_stat_activity where query ~ 'tenant_jobs' and state = 'idle'",
            )
          ).rowCount,
        soon,
      )
      .toBeGreaterThan(0);
    expect((await all.ends(await all.signUp('heard-of'))).state).toBe('done');
  });

  test.each([
    ['www', /a name that is not reserved/],
    ['0day', /a lower-case ASCII letter/],
    ['a'.repeat(63), /up to 39/],
  ])('with a slug that the platform refuses (%s) is told so, once', async (slug, says) => {
    const job = await all.signUp(slug);
    all.work();
    const { state, error, attempts } = await all.ends(job);
    expect({ state, attempts }).toEqual({ state: 'failed', attempts: 1 });
    expect(error).toMatch(says);
    expect(await all.signUpState(job)).toEqual({ state: 'failed', error, tenant_id: null });
  });
});

describe('a job', () => {
  test('does what operators ask for, in their order', async () => {
    const { clusters } = all.platform;
    const made = await all.signUp('ordered', 'schema');
    all.work({ atOnce: 4 });
    await all.ends(made);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const holding = exclusively(clusters, 'ordered', () => held);
    const jobs = [];
    for (const action of ['suspend', 'resume', 'configure', 'suspend'] as const) {
      const given = action === 'configure' ? { name: 'Other', limits: { storageBytes: 7 } } : {};
      jobs.push(await enqueue(clusters, { action, slug: 'ordered', arguments: given }));
    }
    // What comes later has been looked at too, and is left.
    expect(await all.ends(await all.signUp('unordered'))).toMatchObject({ state: 'done' });
    const begun = await Promise.all(jobs.map((job) => jobState(clusters, job)));
    expect(begun.map(({ state }) => state)).toEqual(['running', 'queued', 'queued', 'queued']);
    release();
    await holding;
    const states = await Promise.all(jobs.map((job) => all.ends(job)));
    expect(states.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    const { status, name, limits } = await findTenant(clusters, 'ordered');
    expect([status, name, limits.storageBytes]).toEqual(['suspended', 'Other', 7]);
  });

  test('brings a member who left out of the tenant’s own database', async () => {
    all.work();
    await all.ends(await all.signUp('leaving', 'database'));
    const { id } = await findTenant(all.platform.clusters, 'leaving');
    const own = await all.server.connect('postgres', placeOf(id, 'database').database);
    const members = async (): Promise<number | null> =>
      (await own.query('select from registry.members')).rowCount;
    expect(await members()).toBe(1);
    await all.admin.query('delete from registry.members where tenant_id = $1', [id]);
    await expect.poll(members, soon).toBe(0);
    await own.end();
  });
});

describe('several workers', () => {
  test('share the jobs, and each is done once', async () => {
    const jobs = [];
    for (let i = 0; i < 12; i += 1) jobs.push(await all.signUp(`shared-${String(i)}`));
    const seen = [all.work(), all.work(), all.work()];
    const states = await Promise.all(jobs.map((job) => all.ends(job)));
    expect(states.map(({ state, attempts }) => [state, attempts])).toEqual(
      jobs.map(() => ['done', 1]),
    );
    expect(seen.map((worker) => worker.problem())).toEqual([undefined, undefined, undefined]);
    expect(all.lines.filter(({ message }) => message === 'takes a job')).toHaveLength(12);
  });

  test('keep a job as long as they work at it, however long that is', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const holding = exclusively(all.platform.clusters, 'slow', () => held);
    const job = await all.signUp('slow');
    all.work({ leaseSeconds: 5 });
    all.work({ leaseSeconds: 5 });
    await expect
      .poll(async () => (await jobState(all.platform.clusters, job)).state, soon)
      .toBe('running');
    const { rows } = await all.admin.query<{ until: Date }>(
      'select due_at as until from registry.tenant_jobs',
    );
    const [first] = rows;
    await expect
      .poll(async () => {
        const now = await all.admin.query<{ until: Date }>(
          'select due_at as until from registry.tenant_jobs',
        );
        return Number(now.rows[0]?.until) - Number(first?.until);
      }, soon)
      .toBeGreaterThan(5000);
    release();
    await holding;
    expect(await all.ends(job)).toMatchObject({ state: 'done', attempts: 1 });
  });
});

test('the log names no secret', async () => {
  all.work();
  await all.ends(await all.signUp('quiet', 'database'));
  expect(JSON.stringify(all.lines)).not.toContain(master);
});
