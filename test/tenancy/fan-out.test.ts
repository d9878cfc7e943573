import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asMaintenance } from '../../provider/database/connect';
import { fanOut } from '../../provider/tenancy/fan-out';
import { migrationStatus } from '../../provider/tenancy/fan-out-ledger';
import { registryUrl } from '../../provider/tenancy/clusters';
import { refuseFailures } from '../../provider/tenancy/fan-out-report';
import { FanOutWorld } from './support/fan-out';
import { planWith } from './support/platform';
import { expectLedgerToBeTrue } from './support/population';

let all: FanOutWorld;

beforeAll(async () => {
  all = await FanOutWorld.start();
});

afterAll(() => all.stop());

describe('fan-out', () => {
  test('brings 42 places in both models on two clusters up, canaries first, and a second time changes nothing', async () => {
    const plan = all.extended(
      '100_priority',
      'alter table notes add column priority int not null default 0',
    ).plan;
    const order: string[] = [];
    const report = await all.run(plan, { progress: ({ slug }) => order.push(slug) });
    expect(report).toEqual({ total: 42, done: 42, changed: 42, failed: [] });
    expect(order.slice(0, 4).sort()).toEqual(['a00', 'a01', 'a02', 'a03']);
    expect(order).toHaveLength(42);
    await all.expectAllAt(plan);
    expect(await all.run(plan)).toEqual({ total: 42, done: 42, changed: 0, failed: [] });
  });

  test('a canary that fails keeps every other place from being touched', async () => {
    const victim = all.tenant('a02');
    await all.note(victim, 'forbidden');
    const before = all.platform.plan;
    const next = all.extended(
      '110_allowed',
      "alter table notes add constraint allowed check (body <> 'forbidden')",
    );
    const report = await fanOut(next, { canaries: ['a02', 'a05'] });
    expect(report.stopped).toBe('canary');
    expect(report.failed.map(({ slug }) => slug)).toEqual(['a02']);
    const versions = await expectLedgerToBeTrue(all.platform);
    const others = Object.keys(versions).filter((slug) => !['a02', 'a05'].includes(slug));
    expect(others).toHaveLength(40);
    expect(others.filter((slug) => versions[slug] !== before.version)).toEqual([]);
    const behind = await all.statusOf(next, 'a02');
    expect(behind).toMatchObject({ version: before.version, behind: ['110_allowed'] });
    expect(behind?.error).toContain('app/110_allowed.sql in app');
    await all.removeNotes(victim);
    await expect(fanOut(next, { canaries: ['nobody'] })).rejects.toThrow('No canary: nobody');
    await all.bring(next);
  });

  test('a tenant whose rows break a new rule is told with its table, keeps all it had, and the others are done', async () => {
    const victim = all.tenant('a17');
    await all.note(victim, 'too much');
    const before = all.platform.plan.version;
    const next = all.extended(
      '120_short',
      'alter table notes add constraint short check (char_length(body) < 8)',
    );
    const report = await fanOut(next);
    expect(report).toMatchObject({ total: 42, done: 41, changed: 41 });
    expect(report.failed).toHaveLength(1);
    expect(() => {
      refuseFailures(report);
    }).toThrow(
      /^41 of 42 tenants with tables of their own are up to date, 1 failed\.\n {2}- a17 \(schema, east\): app\/120_short\.sql in t_\w+: check constraint "short" of relation "notes" is violated by some row \(23514\)/,
    );
    const versions = await expectLedgerToBeTrue(all.platform);
    expect(Object.entries(versions).filter(([, version]) => version === before)).toEqual([
      ['a17', before],
    ]);
    expect((await migrationStatus(next)).filter(({ behind }) => behind.length > 0)).toMatchObject([
      { slug: 'a17', version: before, behind: ['120_short'] },
    ]);
    const failed = await asMaintenance(registryUrl(next.clusters), (client) =>
      client.query("select name from registry.tenant_migrations where state = 'failed'"),
    );
    expect(failed.rows).toEqual([{ name: '120_short' }]);
    await all.removeNotes(victim);
    expect(await fanOut(next)).toEqual({ total: 42, done: 42, changed: 1, failed: [] });
    expect((await all.statusOf(next, 'a17'))?.error).toBeUndefined();
    await all.bring(next);
  });

  test('too many failures stop the run; what it had not begun is as it was', async () => {
    const victims = ['a20', 'a21', 'a22', 'a23', 'a24', 'a25', 'a26', 'a27'].map((slug) =>
      all.tenant(slug),
    );
    for (const victim of victims) await all.note(victim, 'bad');
    const next = all.extended(
      '130_good',
      "alter table notes add constraint good check (body <> 'bad')",
    );
    const report = await fanOut(next, { workers: 1, stop: { places: 2, share: 0 } });
    expect(report.stopped).toBe('failures');
    // Each shard has a worker that may have been at a place when the other one's failed.
    expect([2, 3]).toContain(report.failed.length);
    const versions = await expectLedgerToBeTrue(all.platform);
    const done = Object.values(versions).filter((version) => version === next.plan.version);
    expect(done).toHaveLength(report.done);
    expect(report.done).toBeLessThan(34);
    for (const victim of victims) await all.removeNotes(victim);
    await all.bring(next);
  });

  test('another text of an applied migration is refused everywhere', async () => {
    const migrations = all.platform.plan.migrations.map((file) =>
      file.name === '100_priority' ? { ...file, sql: `${file.sql} -- changed` } : file,
    );
    const report = await fanOut({ ...all.platform, plan: planWith({ migrations }) });
    expect(report).toMatchObject({ done: 0, changed: 0, stopped: 'canary' });
    expect(
      report.failed.map(({ reason }) => reason.includes('an applied migration never changes')),
    ).toEqual(report.failed.map(() => true));
    expect([...new Set(Object.values(await expectLedgerToBeTrue(all.platform)))]).toEqual([
      all.platform.plan.version,
    ]);
    await all.bring(all.platform);
  });

  test('a registry that lies is set right by what is in the places', async () => {
    await asMaintenance(all.world.servers.main.url('strata_migrator', 'strata'), async (client) => {
      await client.query("update registry.tenants set schema_version = 'wrong' where slug = 'a03'");
      await client.query(
        'delete from registry.tenant_migrations m using registry.tenants t where t.id = m.tenant_id',
      );
    });
    expect(await fanOut(all.platform)).toMatchObject({ done: 42, changed: 0, failed: [] });
    await all.expectAllAt(all.platform.plan);
  });
});
