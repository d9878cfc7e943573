import { expect } from 'vitest';
import type { ActorName } from '../support/actors';
import { careless, codeOf, refusal } from '../support/bench';
import type { OutboxBench } from '../support/outbox';
import type { Promised } from '../support/promises';

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

/** What an outsider would do: read, forge, change and remove events, and act as the dispatcher. */
const tries: readonly string[] = [
  'select * from outbox.events',
  'select count(*) from outbox.events',
  'copy outbox.events to stdout',
  `insert into outbox.events (function, tenant_id, relation, operation, lane)
   values ('notes', gen_random_uuid(), 'app.notes', 'insert', gen_random_uuid())`,
  "update outbox.events set due_at = 'infinity'",
  "update outbox.events set state = 'done'",
  'delete from outbox.events',
  'truncate outbox.events',
  'lock table outbox.events',
  "select * from outbox.claim(array['notes'], 10, '1 minute', 3)",
  'select outbox.complete(gen_random_uuid(), gen_random_uuid())',
  "select outbox.fail(gen_random_uuid(), gen_random_uuid(), 'x', 1)",
  "select outbox.requeue('notes')",
  "select outbox.sweep('0 days')",
  "select outbox.tick('nightly', now())",
  'select * from outbox.status()',
  'select outbox.active_tenants()',
  "select outbox.write('notes', 'app.notes', 'insert', null, '{}')",
  'select outbox.record()',
  `create trigger mine after insert on app.notes for each row execute function outbox.record('notes')`,
  'alter table app.notes disable trigger strata_event_notes',
  'alter table outbox.events no force row level security',
  'set role strata_dispatcher',
  'set session authorization strata_dispatcher',
];

/** Everybody but the dispatcher is kept out. */
export const attacks: readonly Promised<OutboxBench>[] = [
  ...outsiders.map((as): Promised<OutboxBench> => ({
    name: `${as} neither reads nor forges nor removes events`,
    async holds(bench) {
      await bench.notes('secret');
      const before = await bench.events('*');
      const got: string[] = [];
      for (const statement of tries) {
        const code = await refusal(bench, as, statement);
        // The trigger belongs to the table's owner, and only members of that may say it is there.
        if (code !== '42501') got.push(`${statement}: ${code ?? 'it ran'}`);
      }
      expect(got).toEqual([]);
      expect(await bench.events('*')).toEqual(before);
    },
  })),
  {
    name: 'the dispatcher has functions and nothing else',
    async holds(bench) {
      await bench.notes('secret');
      const client = await bench.connect('strata_dispatcher');
      const got: string[] = [];
      for (const statement of [
        'select * from outbox.events',
        "insert into outbox.events (function, operation, lane) values ('x', 'tick', gen_random_uuid())",
        'delete from outbox.events',
        'select * from app.notes',
        'select * from registry.tenants',
        'set role strata_tenant',
        'set role strata_owner',
        "select outbox.write('notes', 'app.notes', 'insert', null, '{}')",
      ]) {
        const code = await client.query(statement).then(() => 'it ran', codeOf);
        if (code !== '42501') got.push(`${statement}: ${code}`);
      }
      expect(got).toEqual([]);
    },
  },
  {
    name: 'a careless function of the owner shows a tenant no event and no other tenant',
    async holds(bench) {
      await bench.notes('secret');
      await careless(bench, 'bigint', 'select count(*) from outbox.events');
      expect(await bench.as('ann by token', 'select app.careless()')).toEqual([{ careless: '0' }]);
      const others = `where id = '${bench.world.globex.id}'`;
      await careless(bench, 'bigint', `select count(*) from registry.tenants ${others}`);
      expect(await bench.as('ann by token', 'select app.careless()')).toEqual([{ careless: '0' }]);
    },
  },
  {
    name: 'a careless function of the owner forges, changes and removes no event',
    async holds(bench) {
      await bench.notes('secret');
      const before = await bench.events('*');
      await careless(
        bench,
        'void',
        "insert into outbox.events (function, operation, lane) values ('nightly', 'tick', gen_random_uuid())",
      );
      expect(await refusal(bench, 'ann by token', 'select app.careless()')).toBe('42501');
      for (const change of [
        "update outbox.events set state = 'done'",
        'delete from outbox.events',
      ]) {
        await careless(bench, 'void', change);
        await bench.as('ann by token', 'select app.careless()');
      }
      expect(await bench.events('*')).toEqual(before);
    },
  },
];
