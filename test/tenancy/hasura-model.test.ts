import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { roleOf, scopeOf } from '../../components/tenancy/rules';
import { startServer, type Server } from '../sql/support/server';
import { declarations } from '../support/declarations';
import { runs, seed } from '../support/random';
import { Estate, type Doors } from './support/hasura-estate';
import type { Row, Session } from './support/hasura-model';
import { makeRandomTables, sides } from './support/random-tables';

const numRuns = runs(60);
const { own, victim } = sides;
const people: readonly Session[] = [
  [own.user, 'tenant_admin'] as const,
  [own.other, 'tenant_member'] as const,
].map(([user, role]) => ({
  'x-hasura-tenant-id': own.tenant,
  'x-hasura-user-id': user,
  'x-hasura-role': role,
}));

let server: Server;
let doors: Doors;

beforeAll(async () => {
  server = await startServer();
  const admin = await makeRandomTables(server, 'hasura_model');
  // The same people belong to the other tenant too, and have rows there.
  for (const user of [own.user, own.other]) {
    await admin.query(
      `insert into registry.members values ('${victim.tenant}', '${user}', 'admin')`,
    );
    for (const table of ['a', 'b', 'c', 'd']) {
      await admin.query(
        `insert into app.${table} (tenant_id, owner_id) values ('${victim.tenant}', '${user}')`,
      );
    }
  }
  doors = {
    admin,
    tenants: await server.connect('strata_authenticator', 'hasura_model'),
    hasura: await server.connect('strata_hasura', 'hasura_model'),
  };
});

afterAll(() => server.stop());

const sorted = (rows: readonly Row[], columns: readonly string[]): string[] =>
  rows.map((row) => JSON.stringify(columns.map((column) => row[column]))).sort();

test(`the metadata shows what row level security shows, in a model of Hasura (STRATA_TEST_SEED=${seed}, ${numRuns} declarations)`, async () => {
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      const estate = await Estate.of(doors, declaration);
      for (const table of estate.names) {
        const scope = scopeOf(declaration.tables[table]?.read ?? 'member');
        for (const session of people) {
          const model = estate.queried(table, session);
          const real = await estate.read(table, session);
          // Hasura does not know a person from an API key without the scope, so it shows such a table to neither.
          if (scope !== undefined && scope !== 'graphql:read') {
            expect(model).toEqual({ columns: [], rows: [] });
            continue;
          }
          // A role that sees no row of a table at all is not shown the table.
          if (model.columns.length > 0) expect(model.columns).toEqual(real.columns);
          expect(sorted(model.rows, model.columns)).toEqual(sorted(real.rows, real.columns));
          shown += model.rows.length;
        }
      }
    }),
    { seed, numRuns, endOnFailure: true },
  );
  expect(shown).toBeGreaterThan(numRuns);
});

test(`and lets nobody change or add more, nor less where all may be read (STRATA_TEST_SEED=${seed})`, async () => {
  const done = { update: 0, delete: 0, insert: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      const estate = await Estate.of(doors, declaration);
      for (const [table, rules] of Object.entries(declaration.tables)) {
        for (const session of people) {
          for (const command of ['update', 'delete'] as const) {
            const mutated = await estate.mutated(command, table, session);
            const changed = await estate.changed(command, table, session);
            // What is to be found by a condition must be readable.
            if (roleOf(rules.read) === 'member') expect(mutated).toBe(changed);
            else expect(mutated).toBeLessThanOrEqual(changed);
            done[command] += mutated;
          }
          for (const owner of [own.user, own.other]) {
            const [model, real] = await estate.added(table, session, owner);
            expect(model).toBe(real);
            done[real ? 'insert' : 'refused'] += 1;
          }
        }
      }
    }),
    { seed, numRuns, endOnFailure: true },
  );
  for (const count of Object.values(done)) expect(count).toBeGreaterThan(numRuns);
});
