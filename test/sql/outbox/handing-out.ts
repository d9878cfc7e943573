import { expect } from 'vitest';
import { only } from '../support/bench';
import type { Claimed, OutboxBench } from '../support/outbox';
import type { Promised } from '../support/promises';

const bodies = (got: readonly Claimed[]) => got.map(({ new_row }) => new_row?.body);

/** How events reach functions. */
export const handingOut: readonly Promised<OutboxBench>[] = [
  {
    name: 'events are handed out oldest first, to one caller each, no more than it asks for',
    async holds(bench) {
      await bench.notes('one', 'two', 'three');
      const other = await bench.connect('strata_dispatcher', 'other');
      await other.query('begin');
      await other.query("set local statement_timeout = '5s'");
      const theirs = await bench.claim({ most: 2 }, 'other');
      const ours = await within(bench, () => bench.claim());
      await other.query('commit');
      expect([bodies(theirs), bodies(ours)]).toEqual([['one', 'two'], ['three']]);
      expect(await bench.claim()).toEqual([]);
    },
  },
  {
    name: 'a row’s changes come one after the other, in their order',
    async holds(bench) {
      const id = only(await bench.notes('one'));
      await bench.rewrite(id, 'two');
      await bench.notes('another');
      await bench.rewrite(id, 'three');
      const seen: unknown[] = [];
      for (let got = await bench.claim(); got.length > 0; got = await bench.claim()) {
        seen.push(bodies(got));
        for (const held of got) await bench.complete(held);
      }
      expect(seen).toEqual([['one', 'another'], ['two'], ['three']]);
    },
  },
  {
    name: 'events go to the functions that are named',
    async holds(bench) {
      await bench.notes('one');
      expect(await bench.claim({ functions: ['projects', 'unknown'] })).toEqual([]);
    },
  },
  {
    name: 'a suspended tenant’s events wait',
    async holds(bench) {
      const { acme, globex } = bench.world;
      await bench.notes('one');
      const become = (status: string) =>
        bench.as(
          'maintenance',
          `update registry.tenants set status = '${status}' where id = '${acme.id}'`,
        );
      await become('suspended');
      expect(await bench.claim()).toEqual([]);
      expect(await bench.ask('(select array_agg(t) from outbox.active_tenants() t)')).toEqual([
        globex.id,
      ]);
      await become('active');
      expect(bodies(await bench.claim())).toEqual(['one']);
    },
  },
  {
    name: 'an event comes again when its lease ends, and then its first holder cannot end it',
    async holds(bench) {
      await bench.notes('one');
      const first = only(await bench.claim({ lease: '0 seconds' }));
      const second = only(await bench.claim());
      expect([second.id, second.attempts]).toEqual([first.id, 2]);
      expect([
        await bench.complete(first),
        await bench.fail(first),
        await bench.complete(second),
      ]).toEqual([false, null, true]);
    },
  },
  {
    name: 'a failed event comes again after a pause that doubles, and stays as a dead letter with its error',
    async holds(bench) {
      await bench.notes('one');
      const became: unknown[] = [];
      const pauses: { least: number; most: number }[] = [];
      const now = async () =>
        Number(await bench.ask('extract(epoch from clock_timestamp())::float'));
      for (let got = await bench.claim(); got.length > 0; got = await bench.claim()) {
        const before = await now();
        became.push(await bench.fail(only(got)));
        const after = await now();
        const [row] = await bench.events('extract(epoch from due_at)::float as due');
        pauses.push({ least: Number(row?.due) - after, most: Number(row?.due) - before });
        // However long the question takes, the pause has not passed.
        await bench.admin("update outbox.events set due_at = now() + interval '1 hour'");
        expect(await bench.claim()).toEqual([]);
        await bench.admin('update outbox.events set due_at = now()');
      }
      expect(became).toEqual(['pending', 'pending', 'dead']);
      // 1 and 2 seconds, and up to half of it less.
      const drawn = [1, 2].map((pause, index) => {
        const { least = NaN, most = NaN } = pauses[index] ?? {};
        return most > pause / 2 && least <= pause;
      });
      expect(drawn).toEqual([true, true]);
      expect(await bench.events("state, attempts, last_error, new_row ->> 'body' as body")).toEqual(
        [{ state: 'dead', attempts: '3', last_error: 'it broke', body: 'one' }],
      );
    },
  },
  {
    name: 'an event that ends its worker each time is given up',
    async holds(bench) {
      await bench.notes('one');
      for (let time = 0; time < 5; time += 1) await bench.claim({ lease: '0 seconds' });
      expect(await bench.events('state, attempts, last_error')).toEqual([
        {
          state: 'dead',
          attempts: '3',
          last_error: 'the worker ended before the function did',
        },
      ]);
    },
  },
  {
    name: 'a dead letter is counted, does not hold up its row, and is tried again when somebody asks for it',
    async holds(bench) {
      const id = only(await bench.notes('one'));
      await bench.rewrite(id, 'two');
      await bench.fail(only(await bench.claim()), 1);
      expect(await bench.ask('(select row_to_json(s) from outbox.status() s)')).toEqual({
        function: 'notes',
        pending: 1,
        dead: 1,
        oldest_seconds: expect.any(Number) as number,
      });
      expect(bodies(await bench.claim())).toEqual(['two']);
      expect(await bench.as('maintenance', "select outbox.requeue('notes') as again")).toEqual([
        { again: '1' },
      ]);
      expect(await bench.claim()).toMatchObject([{ attempts: 1, new_row: { body: 'one' } }]);
    },
  },
  {
    name: 'what is done is kept without its contents, for a time; what waits or was given up stays',
    async holds(bench) {
      await bench.notes('one', 'two', 'three');
      const [done, dead] = await bench.claim({ most: 2 });
      if (!done || !dead) throw new Error('nothing was handed out');
      await bench.complete(done);
      await bench.fail(dead, 1);
      expect(await bench.events("state, new_row ->> 'body' as body")).toEqual([
        { state: 'done', body: null },
        { state: 'dead', body: 'two' },
        { state: 'pending', body: 'three' },
      ]);
      expect(await bench.ask("outbox.sweep('1 day')")).toBe('0');
      expect(await bench.ask("outbox.sweep('0 days')")).toBe('1');
      expect(await bench.events('state')).toEqual([{ state: 'dead' }, { state: 'pending' }]);
    },
  },
  {
    name: 'a tick is entered once, whoever comes first, also after it was done',
    async holds(bench) {
      const tick = () => bench.ask('outbox.tick($1, $2)', 'nightly', '2030-01-01');
      expect([await tick(), await tick()]).toEqual([true, false]);
      await bench.complete(only(await bench.claim({ functions: ['nightly'] })));
      expect(await tick()).toBe(false);
    },
  },
  {
    name: 'a tick is left out while the one before is not done',
    async holds(bench) {
      const tick = (at: string) => bench.ask('outbox.tick($1, $2)', 'nightly', at);
      expect([await tick('2030-01-01'), await tick('2030-01-02')]).toEqual([true, false]);
      await bench.complete(only(await bench.claim({ functions: ['nightly'] })));
      expect(await tick('2030-01-03')).toBe(true);
    },
  },
  {
    name: 'with a tenant its events go at the next sweep, and none of them is handed out',
    async holds(bench) {
      const id = '00000000-0000-4000-8000-00000000dead';
      await bench.as(
        'maintenance',
        `insert into registry.tenants (id, slug, name) values ('${id}', 'leaving', 'Leaving')`,
        `insert into app.projects (tenant_id, name) values ('${id}', 'Last')`,
      );
      await bench.as('maintenance', `delete from registry.tenants where id = '${id}'`);
      expect(await bench.events('tenant_id')).toEqual([{ tenant_id: id }, { tenant_id: id }]);
      expect(await bench.claim({ functions: ['projects'] })).toEqual([]);
      expect(await bench.ask("outbox.sweep('1 day')")).toBe('2');
      expect(await bench.events('tenant_id')).toEqual([]);
    },
  },
];

/** Whoever waits for another's lock fails instead. */
async function within<T>(bench: OutboxBench, work: () => Promise<T>): Promise<T> {
  await bench.ask("set_config('lock_timeout', '2s', false)");
  return work();
}
