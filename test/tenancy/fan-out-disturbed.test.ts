import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fanOut } from '../../provider/tenancy/fan-out';
import { migrationStatus } from '../../provider/tenancy/fan-out-ledger';
import { refuseFailures } from '../../provider/tenancy/fan-out-report';
import { placeOfTenant } from '../../provider/tenancy/tenant';
import { FanOutWorld } from './support/fan-out';
import { child, expectLedgerToBeTrue, kill, lineOf, reallyApplied } from './support/population';

let all: FanOutWorld;

beforeAll(async () => {
  all = await FanOutWorld.start();
});

afterAll(() => all.stop());

describe('a fan-out that is disturbed', () => {
  test('somebody’s lock is waited out in one place while all others are done', async () => {
    const locked = all.tenant('a08');
    const next = all.extended('140_locked', 'alter table notes add column locked int');
    const admin = await all.world.servers.main.connect('postgres', 'strata');
    await admin.query('begin');
    await admin.query(`lock table ${placeOfTenant(locked).schema}.notes in access exclusive mode`);
    const order: string[] = [];
    const report = await fanOut(next, {
      workers: 2,
      progress: ({ slug, done }) => {
        order.push(slug);
        // Longer than one try waits.
        if (done === 41) setTimeout(() => void admin.query('rollback'), 6_000);
      },
    });
    await admin.end();
    expect(report).toEqual({ total: 42, done: 42, changed: 42, failed: [] });
    expect(order.at(-1)).toBe('a08');
    await all.bring(next);
  });

  test('a lock that stays is a failure that says so', async () => {
    const next = all.extended('150_held', 'alter table notes add column held int');
    const admin = await all.world.servers.main.connect('postgres', 'strata');
    await admin.query('begin');
    await admin.query(
      `lock table ${placeOfTenant(all.tenant('a12')).schema}.notes in access exclusive mode`,
    );
    const report = await fanOut(next, { retry: { attempts: 2, pauseMs: 10 } });
    await admin.query('rollback');
    await admin.end();
    expect(report.failed).toMatchObject([{ slug: 'a12' }]);
    expect(report.failed[0]?.reason).toContain('Another session holds a lock on this table');
    await all.bring(next);
  });

  test('after kill -9 in the middle no place is half changed, and the next run does the rest', async () => {
    const names = ['160_first', '161_second'];
    const next = all.extended(
      '161_second',
      'alter table notes add column second int; select pg_sleep(0.05)',
      all.extended('160_first', 'alter table notes add column first int'),
    );
    for (const moment of [5, 17, 30]) {
      const process = child('fan-out-child.ts', {
        ...next,
        clusters: Object.fromEntries(next.clusters),
      });
      await lineOf(process, (line) => line.startsWith(`place ${moment} `));
      await kill(process);
      const applied = await reallyApplied(next, all.tenants, names);
      const states = new Set(Object.values(applied));
      expect([...states].filter((state) => state !== '' && state !== names.join(' '))).toEqual([]);
      const shown = (await migrationStatus(next)).filter(({ behind }) => behind.length === 0);
      for (const { slug } of shown) expect(applied[slug]).toBe(names.join(' '));
      expect(shown.length).toBeGreaterThanOrEqual(moment);
    }
    const report = await fanOut(next);
    expect(report).toMatchObject({ total: 42, done: 42, failed: [] });
    expect(report.changed).toBeLessThan(42 - 29);
    await all.bring(next);
  });

  test('two runs at the same time change every place once', async () => {
    const next = all.extended('170_once', 'alter table notes add column once int');
    const reports = await Promise.all([fanOut(next), fanOut(next), fanOut(next)]);
    for (const report of reports) expect(report).toMatchObject({ done: 42, failed: [] });
    expect(reports.reduce((sum, { changed }) => sum + changed, 0)).toBe(42);
    await all.bring(next);
  });

  test('files without a transaction work at the same time, and one that was cut off is begun anew', async () => {
    const sql =
      '-- strata: no transaction\ncreate index concurrently if not exists notes_by_time on notes (tenant_id, created_at)';
    const next = all.extended('180_by_time', sql);
    const cut = all.tenant('a09');
    // What a failed one leaves: an index that "if not exists" finds, and that nobody ever uses.
    const admin = await all.world.servers.east.connect('postgres', 'strata');
    const { schema } = placeOfTenant(cut);
    await admin.query(`create index notes_by_time on ${schema}.notes (tenant_id)`);
    await admin
      .query(`alter index ${schema}.notes_by_time owner to strata_owner`)
      .catch(() => undefined);
    await admin.query(
      `update pg_index set indisvalid = false where indexrelid = '${schema}.notes_by_time'::regclass`,
    );
    const reports = await Promise.all([fanOut(next), fanOut(next)]);
    expect(reports.map(({ failed }) => failed)).toEqual([[], []]);
    const { rows } = await admin.query<{ valid: boolean; definition: string }>(
      `select indisvalid as valid, pg_get_indexdef(indexrelid) as definition from pg_index
       where indexrelid = '${schema}.notes_by_time'::regclass`,
    );
    expect(rows).toEqual([
      {
        valid: true,
        definition: `CREATE INDEX notes_by_time ON ${schema}.notes USING btree (tenant_id, created_at)`,
      },
    ]);
    await admin.end();
    await all.bring(next);
  });

  test('an interrupted run finishes what it was at and begins nothing', async () => {
    const next = all.extended('190_interrupted', 'alter table notes add column interrupted int');
    const stop = new AbortController();
    const report = await fanOut(next, {
      signal: stop.signal,
      progress: ({ done }) => {
        if (done === 10) stop.abort();
      },
    });
    expect(report.stopped).toBe('signal');
    expect(report.failed).toEqual([]);
    expect(report.done).toBeGreaterThanOrEqual(10);
    expect(report.done).toBeLessThan(25);
    const versions = await expectLedgerToBeTrue(all.platform);
    expect(Object.values(versions).filter((version) => version === next.plan.version)).toHaveLength(
      report.done,
    );
    expect(() => {
      refuseFailures(report);
    }).toThrow(/were not begun \(it was interrupted\)/);
    await all.bring(next);
  });

  test('a connection that is cut is another try, not a failure', async () => {
    const next = all.extended(
      '200_cut',
      'select pg_sleep(0.2); alter table notes add column cut int',
    );
    const admin = await all.world.servers.main.connect('postgres', 'strata');
    let cut = 0;
    const timer = setInterval(() => {
      if (cut >= 3) return;
      void admin
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(0.2)%'
           and application_name = 'strata-provider' and pid <> pg_backend_pid() and state = 'active' limit 1`,
        )
        .then(({ rowCount }) => (cut += rowCount ?? 0));
    }, 150);
    const report = await fanOut(next);
    clearInterval(timer);
    await admin.end();
    expect(cut).toBeGreaterThan(0);
    expect(report).toEqual({ total: 42, done: 42, changed: 42, failed: [] });
    await all.bring(next);
  });
});
