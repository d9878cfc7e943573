import fc from 'fast-check';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyMove, Board, type Move } from './support/moves';
import { clone, deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type World } from './support/world';
import { seed } from '../support/random';

const options = { seed, numRuns: 300, interruptAfterTimeLimit: 10_000 };

let server: Server;
let admin: Client;
let world: World;
let otherWorld: World;

/** Other names, other texts, other ids, and many more rows: nothing of globex is as it was. */
const otherGlobex = `
  set session_replication_role = replica;
  create temp table victim as select id from registry.tenants where slug = 'globex';
  delete from app.notes where tenant_id = (select id from victim);
  delete from app.drafts where tenant_id = (select id from victim);
  delete from app.projects where tenant_id = (select id from victim);
  set session_replication_role = origin;
  insert into app.projects (tenant_id, name) select id, 'Secret ' || n from victim, generate_series(1, 40) n;
  insert into app.notes (tenant_id, project_id, author_id, body)
  select p.tenant_id, p.id, m.user_id, 'Secret note' from app.projects p join registry.members m using (tenant_id)
  where p.tenant_id = (select id from victim);
  insert into app.drafts (tenant_id, author_id, title)
  select m.tenant_id, m.user_id, 'Secret ' || n from registry.members m, generate_series(1, 5) n where m.tenant_id = (select id from victim);
  drop table victim; analyze`;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'one');
  admin = await server.connect('postgres', 'postgres');
  world = await look('one');
  await clone(admin, 'one', 'other');
  const inside = await server.connect('postgres', 'other');
  await inside.query(otherGlobex);
  await inside.end();
  otherWorld = await look('other');
  for (const name of ['one', 'other']) {
    await clone(admin, name, `${name}_careless`);
    const careless = await server.connect('postgres', `${name}_careless`);
    await careless.query('create unique index careless on app.projects (name)');
  }
});

afterAll(() => server.stop());

test('nothing that acme does shows whether globex has these rows or those', async () => {
  console.info(`STRATA_TEST_SEED=${seed}`);
  await fc.assert(indistinguishable('one', 'other'), options);
});

test('a key that compares tenants would show', async () => {
  const { failed } = await fc.check(indistinguishable('one_careless', 'other_careless'), {
    ...options,
    endOnFailure: true,
  });
  expect(failed).toBe(true);
});

function indistinguishable(first: string, second: string): fc.IAsyncProperty<[Move[]]> {
  const one = new Board(server, first, world);
  const other = new Board(server, second, world);
  const moves = fc.array(anyMove(world, [world, otherWorld]), { minLength: 1, maxLength: 12 });
  return fc.asyncProperty(moves, async (made) => {
    await Promise.all([one.reset(), other.reset()]);
    for (const move of made) {
      const [here, there] = await Promise.all([one.make(move), other.make(move)]);
      expect(here).toEqual(there);
    }
  });
}

/** Reads a world over a connection that is closed again, so that its database can be copied. */
async function look(database: string): Promise<World> {
  const inside = await server.connect('postgres', database);
  const found = await readWorld(inside);
  await inside.end();
  return found;
}
