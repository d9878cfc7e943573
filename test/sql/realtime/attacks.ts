import { expect } from 'vitest';
import type { ActorName } from '../support/actors';
import { careless, codeOf, refusal } from '../support/bench';
import type { Promised } from '../support/promises';
import { Listener } from '../support/realtime';

const outsiders: readonly ActorName[] = [
  'ann by token',
  'anonymous',
  'the bare authenticator',
  'ann by backend',
  'a backend without context',
  'ann in a Hasura mutation',
  'Hasura without a session',
  'the auditor',
  'the migrator',
];

const forged =
  "(tenant_id, relation, operation, key) values (gen_random_uuid(), 'app.notes', 'delete', '{}')";

/** What an outsider would do: hear of others' changes, tell what never happened, keep others from hearing. */
const tries: readonly string[] = [
  'select * from realtime.changes',
  'select count(*) from realtime.changes',
  'copy realtime.changes to stdout',
  `insert into realtime.changes ${forged}`,
  'update realtime.changes set tenant_id = gen_random_uuid()',
  'delete from realtime.changes',
  'truncate realtime.changes',
  'lock table realtime.changes',
  'select * from realtime.marks',
  'insert into realtime.marks values (now(), pg_current_snapshot(), true)',
  'update realtime.marks set swept = true',
  'delete from realtime.marks',
  'lock table realtime.marks in exclusive mode',
  "select * from realtime.since('1:1:', 1000)",
  'select realtime.snapshot()',
  "select realtime.is_lost('1:1:')",
  "select realtime.sweep('0')",
  "select realtime.write('app.notes', 'delete', '{}', '{}', null)",
  'select realtime.record()',
  "create trigger mine after insert on app.notes for each row execute function realtime.record('app.notes')",
  'alter table app.notes disable trigger strata_realtime',
  'alter table realtime.changes no force row level security',
  'set role strata_realtime',
  'set session authorization strata_realtime',
];

/** Nobody hears but the listener, and nobody tells but a change that was committed. */
export const attacks: readonly Promised[] = [
  ...outsiders.map((as): Promised => ({
    name: `${as} neither hears nor tells nor silences`,
    async holds(bench) {
      await bench.notes('secret');
      const before = await bench.admin('select * from realtime.changes order by position');
      const got: string[] = [];
      for (const statement of tries) {
        const code = await refusal(bench, as, statement);
        if (code !== '42501') got.push(`${statement}: ${code ?? 'it ran'}`);
      }
      expect(got).toEqual([]);
      expect(await bench.admin('select * from realtime.changes order by position')).toEqual(before);
      expect(await bench.admin('select * from realtime.marks')).toEqual([]);
    },
  })),
  {
    name: 'maintenance deletes and does not tell',
    async holds(bench) {
      await bench.notes('one');
      for (const statement of [
        `insert into realtime.changes ${forged}`,
        'update realtime.changes set owner = null',
        'select * from realtime.marks',
        "select realtime.sweep('0')",
      ]) {
        expect(await refusal(bench, 'maintenance', statement)).toBe('42501');
      }
      await bench.as('maintenance', 'delete from realtime.changes');
    },
  },
  {
    name: 'the listener has functions and nothing else',
    async holds(bench) {
      await bench.notes('secret');
      const client = await bench.connect('strata_realtime');
      const got: string[] = [];
      for (const statement of [
        'select * from realtime.changes',
        `insert into realtime.changes ${forged}`,
        'delete from realtime.changes',
        'select * from realtime.marks',
        'select * from app.notes',
        'select * from registry.tenants',
        'set role strata_tenant',
        'set role strata_owner',
        "select realtime.is_lost('1:1:')",
        "select realtime.write('app.notes', 'delete', '{}', '{}', null)",
        'create table mine (id int)',
        'create temporary table mine (id int)',
      ]) {
        const code = await client.query(statement).then(() => 'it ran', codeOf);
        // There is no schema in which it could make a table.
        if (code !== '42501' && code !== '3F000') got.push(`${statement}: ${code}`);
      }
      expect(got).toEqual([]);
    },
  },
  {
    name: 'a notification that somebody forges tells nothing',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      await bench.as('ann by backend', "select pg_notify('strata_realtime', 'app.notes delete')");
      expect(await listener.hear()).toEqual([]);
    },
  },
  {
    name: 'nobody tells of another tenant’s rows, by whatever is written',
    async holds(bench) {
      const { globex, gus, ann } = bench.world;
      const listener = await Listener.begin(bench);
      for (const as of ['ann by token', 'ann by backend', 'ann in a Hasura mutation'] as const) {
        const insert = `insert into app.notes (tenant_id, project_id, body) values ('${globex.id}', '${globex.project}', 'x')`;
        expect(await refusal(bench, as, insert), as).toBe('42501');
        await bench.as(as, `delete from app.notes where id = '${gus.note}'`);
        expect(
          await refusal(
            bench,
            as,
            `update app.notes set tenant_id = '${globex.id}' where id = '${ann.note}'`,
          ),
        ).toBe('42501');
      }
      expect(await listener.hear()).toEqual([]);
    },
  },
  {
    name: 'a careless function of the owner shows a tenant no change and no other tenant',
    async holds(bench) {
      await bench.notes('secret');
      const others = `where id = '${bench.world.globex.id}'`;
      for (const body of [
        'select count(*) from realtime.changes',
        "select count(*) from realtime.since('1:1:', 1000) where tenant_id is not null",
        `select count(*) from registry.tenants ${others}`,
      ]) {
        await careless(bench, 'bigint', body);
        expect(await bench.as('ann by token', 'select app.careless()'), body).toEqual([
          { careless: '0' },
        ]);
      }
    },
  },
  {
    name: 'a careless function of the owner tells and removes nothing',
    async holds(bench) {
      await bench.notes('one');
      const before = await bench.admin('select * from realtime.changes');
      await careless(bench, 'void', `insert into realtime.changes ${forged}`);
      expect(await refusal(bench, 'ann by token', 'select app.careless()')).toBe('42501');
      await careless(bench, 'void', 'delete from realtime.changes');
      await bench.as('ann by token', 'select app.careless()');
      await careless(bench, 'void', "select realtime.sweep('0')");
      expect(await refusal(bench, 'ann by token', 'select app.careless()')).toBe('42501');
      expect(await bench.admin('select * from realtime.changes')).toEqual(before);
    },
  },
];
