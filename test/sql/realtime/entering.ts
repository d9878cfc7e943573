import { expect } from 'vitest';
import { only } from '../support/bench';
import type { Promised } from '../support/promises';
import { Listener } from '../support/realtime';

/** Which changes listeners are told of, and what of them. */
export const entering: readonly Promised[] = [
  {
    name: 'a change says which row of whom, and nothing of what is in it',
    async holds(bench) {
      const { acme, bob } = bench.world;
      const listener = await Listener.begin(bench);
      const [{ id } = {}] = await bench.as(
        'bob by token',
        `insert into app.notes (project_id, body) values ('${acme.project}', 'contents') returning id`,
      );
      const told = { ...only(await listener.hear()), at: '' };
      expect(told).toEqual({
        tenant_id: acme.id,
        relation: 'app.notes',
        operation: 'insert',
        key: { id },
        owner: bob.id,
        at: '',
      });
      expect(JSON.stringify(await bench.admin('select * from realtime.changes'))).not.toContain(
        'contents',
      );
    },
  },
  {
    name: 'what becomes of a row is told in its order',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      const id = only(await bench.notes('before'));
      await bench.rewrite(id, 'after');
      await bench.as('ann by backend', `delete from app.notes where id = '${id}'`);
      expect(await listener.words()).toEqual([`insert ${id}`, `update ${id}`, `delete ${id}`]);
    },
  },
  {
    name: 'a row whose owner changes is the new owner’s, and of a row that is gone it says whose it was',
    async holds(bench) {
      const { ann, bob } = bench.world;
      const listener = await Listener.begin(bench);
      const id = only(await bench.notes('mine'));
      await bench.as(
        'maintenance',
        `update app.notes set author_id = '${bob.id}' where id = '${id}'`,
      );
      await bench.as('maintenance', `delete from app.notes where id = '${id}'`);
      expect((await listener.hear()).map(({ operation, owner }) => [operation, owner])).toEqual([
        ['insert', ann.id],
        ['update', bob.id],
        ['delete', bob.id],
      ]);
    },
  },
  {
    name: 'a row that gets another key is gone, and another one is there',
    async holds(bench) {
      const listener = await Listener.begin(bench);
      const id = only(await bench.notes('one'));
      const other = '00000000-0000-4000-8000-00000000000a';
      await bench.as('maintenance', `update app.notes set id = '${other}' where id = '${id}'`);
      expect(await listener.words()).toEqual([`insert ${id}`, `delete ${id}`, `insert ${other}`]);
    },
  },
  {
    name: 'a row that moves to another tenant is gone for the one and new for the other',
    async holds(bench) {
      const { acme, globex, ann, gus } = bench.world;
      const listener = await Listener.begin(bench);
      await bench.as(
        'maintenance',
        `update app.drafts set tenant_id = '${globex.id}', author_id = '${gus.id}' where id = '${ann.draft}'`,
      );
      expect(
        (await listener.hear()).map((told) => [told.tenant_id, told.operation, told.owner]),
      ).toEqual([
        [acme.id, 'delete', ann.id],
        [globex.id, 'insert', gus.id],
      ]);
    },
  },
  {
    name: 'rows that go with others are told of, whoever did it',
    async holds(bench) {
      const { acme } = bench.world;
      const ids = await bench.notes('one', 'two');
      const listener = await Listener.begin(bench);
      await bench.as(
        'ann in a Hasura mutation',
        `delete from app.projects where id = '${acme.project}'`,
      );
      const words = await listener.words();
      expect(words).toEqual(expect.arrayContaining(ids.map((id) => `delete ${id}`)));
      expect(words.filter((word) => !word.startsWith('delete '))).toEqual([]);
    },
  },
  {
    name: 'nothing is told of what is taken back, nor of a table that does not say so',
    async holds(bench) {
      const { acme, ann } = bench.world;
      const listener = await Listener.begin(bench);
      const client = await bench.connect('strata_migrator');
      const insert = (body: string): string =>
        `insert into app.notes (tenant_id, project_id, author_id, body)
         values ('${acme.id}', '${acme.project}', '${ann.id}', '${body}')`;
      await client.query(`begin; set local role strata_maintenance; ${insert('a')}; rollback`);
      await client.query(
        `begin; set local role strata_maintenance; savepoint s; ${insert('b')}; rollback to s; commit`,
      );
      await bench.as(
        'maintenance',
        `update app.projects set name = 'Other' where id = '${acme.project}'`,
      );
      expect(await listener.hear()).toEqual([]);
      await bench.notes('kept');
      expect(await listener.hear()).toHaveLength(1);
    },
  },
  {
    name: 'listeners are woken without a word, once for each transaction',
    async holds(bench) {
      const client = await bench.connect('strata_app', 'listens');
      const heard: (string | undefined)[] = [];
      client.on('notification', ({ payload }) => heard.push(payload));
      await client.query('listen strata_realtime');
      await bench.notes('one', 'two', 'three');
      await client.query('select');
      expect(heard).toEqual(['']);
    },
  },
  {
    name: 'a partition and a table in a tenant’s own schema are told of by the declared name',
    async holds(bench) {
      const { acme } = bench.world;
      const listener = await Listener.begin(bench);
      await bench.admin(`
        create schema t_0;
        create table t_0.notes (tenant_id uuid, id int, primary key (tenant_id, id)) partition by range (id);
        create table t_0.notes_low partition of t_0.notes for values from (0) to (10);
        create trigger strata_realtime after insert or update or delete on t_0.notes
          for each row execute function realtime.record('app.notes');
        insert into t_0.notes values ('${acme.id}', 1)`);
      expect(
        (await listener.hear()).map(({ relation, key, owner }) => [relation, key, owner]),
      ).toEqual([['app.notes', { id: 1 }, null]]);
    },
  },
];
