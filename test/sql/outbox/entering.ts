import { expect } from 'vitest';
import { only } from '../support/bench';
import type { OutboxBench } from '../support/outbox';
import type { Promised } from '../support/promises';

/** How changes of rows become events. */
export const entering: readonly Promised<OutboxBench>[] = [
  {
    name: 'a change is an event of the row’s tenant and of whoever made it',
    async holds(bench) {
      const { acme, bob } = bench.world;
      await bench.as(
        'bob by token',
        `insert into app.notes (project_id, body) values ('${acme.project}', 'one')`,
      );
      expect(
        await bench.events('function, tenant_id, relation, operation, user_id, member_role, state'),
      ).toEqual([
        {
          function: 'notes',
          tenant_id: acme.id,
          relation: 'app.notes',
          operation: 'insert',
          user_id: bob.id,
          member_role: 'member',
          state: 'pending',
        },
      ]);
    },
  },
  {
    name: 'an event has the key, and the row before and after',
    async holds(bench) {
      const id = only(await bench.notes('before'));
      await bench.rewrite(id, 'after');
      await bench.as('ann by backend', `delete from app.notes where id = '${id}'`);
      expect(
        await bench.events("operation, key, old_row ->> 'body' as old, new_row ->> 'body' as new"),
      ).toEqual([
        { operation: 'insert', key: { id }, old: null, new: 'before' },
        { operation: 'update', key: { id }, old: 'before', new: 'after' },
        { operation: 'delete', key: { id }, old: 'after', new: null },
      ]);
    },
  },
  {
    name: 'Hasura’s changes are events too, and those of maintenance, which is nobody',
    async holds(bench) {
      const { acme, ann } = bench.world;
      await bench.as(
        'ann in a Hasura mutation',
        `insert into app.notes (project_id, body) values ('${acme.project}', 'by Hasura')`,
      );
      await bench.as(
        'maintenance',
        `insert into app.projects (tenant_id, name) values ('${acme.id}', 'By maintenance')`,
      );
      expect(await bench.events('function, user_id, member_role')).toEqual([
        { function: 'notes', user_id: ann.id, member_role: 'admin' },
        { function: 'projects', user_id: null, member_role: null },
      ]);
    },
  },
  {
    name: 'what is rolled back is no event, and listeners hear of the others when they commit, not what they are',
    async holds(bench) {
      const { acme } = bench.world;
      const write = `insert into app.notes (project_id, body) values ('${acme.project}', 'x')`;
      const listener = await bench.connect('strata_dispatcher', 'listener');
      const heard: unknown[] = [];
      listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
      await listener.query('listen strata_outbox');
      await expect(bench.as('ann by backend', write, 'select 1 / 0')).rejects.toThrow('division');
      expect(await bench.events('id')).toEqual([]);

      await bench.as('ann by backend', write, write);
      await listener.query('select');
      expect(heard).toEqual([['strata_outbox', '']]);
    },
  },
  {
    name: 'rows longer than 64 kB are left out, and the key is not',
    async holds(bench) {
      const [{ id } = {}] = await bench.as(
        'ann by backend',
        "insert into app.drafts (title) values (repeat('x', 70000)) returning id",
      );
      expect(await bench.events('oversized, old_row, new_row, key')).toEqual([
        { oversized: true, old_row: null, new_row: null, key: { id } },
      ]);
    },
  },
  {
    name: 'a row that maintenance moves is an event of both tenants, and neither sees the other’s',
    async holds(bench) {
      const { acme, globex } = bench.world;
      await bench.as(
        'maintenance',
        `insert into app.projects (tenant_id, name) values ('${acme.id}', 'Moves')`,
        'delete from outbox.events',
        `update app.projects set tenant_id = '${globex.id}' where name = 'Moves'`,
      );
      expect(
        await bench.events(
          "tenant_id, operation, old_row ->> 'tenant_id' as old, new_row ->> 'tenant_id' as new",
        ),
      ).toEqual([
        { tenant_id: acme.id, operation: 'delete', old: acme.id, new: null },
        { tenant_id: globex.id, operation: 'insert', old: null, new: globex.id },
      ]);
    },
  },
];
