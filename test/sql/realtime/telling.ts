import { expect } from 'vitest';
import { randomFrom, runs, seed } from '../../support/random';
import type { Bench } from '../support/bench';
import type { Promised } from '../support/promises';
import { Listener, type Told } from '../support/realtime';

/** How what has changed is told: each change once, to each who listens. */
export const telling: readonly Promised[] = [
  {
    name: 'of transactions that end in another order than they began nothing is lost and nothing said twice',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      const slow = await open(bench, 'slow');
      const first = await slow.insert();
      const fast = await open(bench, 'fast');
      const second = await fast.insert();
      await fast.end('commit');
      expect(await listener.words()).toEqual([`insert ${second}`]);
      expect(await listener.words()).toEqual([]);
      await slow.end('commit');
      expect(await listener.words()).toEqual([`insert ${first}`]);
      expect(await listener.words()).toEqual([]);
    },
  },
  {
    name: `whatever is committed is told once, however transactions cross (seed ${seed})`,
    async holds(bench) {
      const random = randomFrom(seed);
      for (let run = 0; run < runs(5); run += 1) {
        const listener = await Listener.begin(bench);
        const others = await Listener.begin(bench);
        const [{ position = 0 } = {}] = await bench.admin(
          'select coalesce(max(position), 0) as position from realtime.changes',
        );
        const told = await crossing(bench, random, listener);
        const all = (await bench.admin(
          `select tenant_id, relation, operation, key, owner, at::text from realtime.changes
           where position > ${String(position)} order by position`,
        )) as unknown as Told[];
        expect(all.length).toBeGreaterThan(10);
        expect(sorted(told)).toEqual(sorted(all));
        // Whoever listens on its own is told the same, and of each row in its order.
        expect(await others.hear()).toEqual(all);
        expect(byRow(told)).toEqual(byRow(all));
      }
    },
  },
  {
    name: 'nothing is told of tenants that are suspended or gone, and of the others everything',
    async holds(bench) {
      const { acme, globex } = bench.world;
      const listener = await Listener.begin(bench);
      await bench.notes('one');
      await bench.as(
        'gus by backend',
        `update app.notes set body = 'x' where id = '${bench.world.gus.note}'`,
      );
      await bench.admin(`update registry.tenants set status = 'suspended' where id = '${acme.id}'`);
      expect((await listener.hear()).map((told) => told.tenant_id)).toEqual([globex.id]);
      await bench.admin(
        `insert into realtime.changes (tenant_id, relation, operation, key)
         values (gen_random_uuid(), 'app.notes', 'delete', '{}')`,
      );
      expect(await listener.hear()).toEqual([]);
    },
  },
  {
    name: 'who changes very much makes a gap for the own tenant alone',
    async holds(bench) {
      const { acme, globex, gus } = bench.world;
      const listener = await Listener.begin(bench);
      const ids = await bench.notes('one', 'two', 'three', 'four');
      await bench.as('gus by backend', `update app.notes set body = 'x' where id = '${gus.note}'`);
      const told = await listener.hear(2);
      expect(told.map(({ tenant_id, operation, key }) => [tenant_id, operation, key?.id])).toEqual([
        [acme.id, 'insert', ids[0]],
        [acme.id, 'insert', ids[1]],
        [acme.id, 'gap', undefined],
        [globex.id, 'update', gus.note],
      ]);
      expect(await listener.hear(2)).toEqual([]);
    },
  },
  {
    name: 'who was away for longer than changes are kept hears of a gap and goes on; who was there does not',
    async holds(bench) {
      const away = await Listener.begin(bench);
      const there = await Listener.begin(bench);
      await bench.notes('one');
      expect(await there.hear()).toHaveLength(1);
      expect(await there.sweep('0')).toBe(1);
      expect(await bench.admin('select * from realtime.changes')).toEqual([]);
      expect(await there.hear()).toEqual([]);
      const gap = {
        tenant_id: null,
        relation: null,
        operation: 'gap',
        key: null,
        owner: null,
        at: null,
      };
      expect(await away.hear()).toEqual([gap]);
      await bench.notes('two');
      expect(await away.hear()).toHaveLength(1);
    },
  },
  {
    name: 'sweeping keeps what is younger, and what was begun before and ended after',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      const slow = await open(bench, 'slow');
      const late = await slow.insert();
      await bench.notes('early');
      expect(await listener.hear()).toHaveLength(1);
      expect(await listener.sweep('1 hour')).toBe(0);
      expect(await listener.sweep('1 hour')).toBe(0);
      expect(await listener.hear()).toEqual([]);
      expect(await listener.sweep('0')).toBe(1);
      expect(await listener.hear()).toEqual([]);
      await slow.end('commit');
      // By the mark from before its end: what counts is when it was over, not when it was written.
      await bench.admin("update realtime.marks set at = at - interval '1 day'");
      expect(await listener.sweep('1 hour')).toBe(0);
      expect(await listener.words()).toEqual([`insert ${late}`]);
      expect(await listener.sweep('0')).toBe(1);
      expect(await listener.hear()).toEqual([]);
    },
  },
  {
    name: 'a listener that heard all but what still ran misses it when it is swept, and is told so',
    async holds(bench) {
      const there = await Listener.begin(bench);
      const slow = await open(bench, 'slow');
      await slow.insert();
      await bench.notes('fast');
      const away = await Listener.begin(bench);
      await slow.end('commit');
      expect(await there.hear()).toHaveLength(2);
      expect(await there.sweep('0')).toBe(2);
      expect((await away.hear()).map(({ operation }) => operation)).toEqual(['gap']);
    },
  },
  {
    name: 'a snapshot that this cluster has not come to yet is a gap',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      listener.seen = '900000000:900000000:';
      await bench.notes('one');
      expect((await listener.hear()).map(({ operation }) => operation)).toEqual(['gap']);
      expect(await listener.hear()).toEqual([]);
    },
  },
];

interface Open {
  readonly insert: () => Promise<string>;
  readonly change: (statement: string) => Promise<void>;
  readonly end: (how: 'commit' | 'rollback') => Promise<void>;
}

/** A transaction of maintenance that stays open; one at a time for each `use`. */
async function open(bench: Bench, use: string): Promise<Open> {
  const { acme, ann } = bench.world;
  const client = await bench.connect('strata_migrator', use);
  await client.query('begin; set local role strata_maintenance');
  return {
    async insert() {
      const { rows } = await client.query<{ id: string }>(
        `insert into app.notes (tenant_id, project_id, author_id, body)
         values ($1, $2, $3, 'x') returning id`,
        [acme.id, acme.project, ann.id],
      );
      return String(rows[0]?.id);
    },
    async change(statement) {
      await client.query(statement);
    },
    async end(how) {
      await client.query(how);
    },
  };
}

/** Some transactions at once, each step of one of them by chance, and a listener who listens in between. */
async function crossing(bench: Bench, random: () => number, listener: Listener): Promise<Told[]> {
  const told: Told[] = [];
  const running: (Open | undefined)[] = [undefined, undefined, undefined, undefined];
  // What a transaction wrote is only its own to change until it ends, so nobody waits for a lock.
  const own: string[][] = running.map(() => []);
  for (let step = 0; step < 120; step += 1) {
    const place = Math.floor(random() * running.length);
    const transaction = (running[place] ??= await open(bench, `writer ${place}`));
    const ids = (own[place] ??= []);
    const id = ids[Math.floor(random() * ids.length)];
    const chance = random();
    if (chance < 0.4) ids.push(await transaction.insert());
    else if (chance < 0.55 && id) {
      await transaction.change(`update app.notes set body = body || 'y' where id = '${id}'`);
    } else if (chance < 0.65 && id) {
      await transaction.change(
        `savepoint s; delete from app.notes where id = '${id}'; ${random() < 0.5 ? 'rollback to s' : 'release s'}`,
      );
    } else if (chance < 0.85) {
      await transaction.end(random() < 0.7 ? 'commit' : 'rollback');
      running[place] = undefined;
      ids.length = 0;
    } else told.push(...(await listener.hear()));
  }
  for (const transaction of running) await transaction?.end('commit');
  told.push(...(await listener.hear()));
  return told;
}

function sorted(told: readonly Told[]): readonly string[] {
  return told.map((one) => JSON.stringify(Object.entries(one).sort())).sort();
}

/** What happened to each row, in the order in which it was told. */
function byRow(told: readonly Told[]): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const { key, operation } of told) (rows[String(key?.id)] ??= []).push(operation);
  return rows;
}
