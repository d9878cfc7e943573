import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMove } from '../../provider/tenancy/move-journal';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant } from '../../provider/tenancy/registry';
import { randomFrom, seed } from '../support/random';
import {
  everyPair,
  expectExactly,
  expectNothingElsewhere,
  memoryMs,
  move,
  places,
} from './support/moves';
import {
  asAdmin,
  expectLedgerToBeTrue,
  settle,
  startWorld,
  type World,
} from './support/population';
import { Writers } from './support/writers';

let world: World;
let platform: Platform;

beforeAll(async () => {
  world = await startWorld();
  platform = world.platform;
});

afterAll(() => world.stop());

describe('a tenant moves', () => {
  test('on a way through every pair of places, while four clients write, and no committed write is lost or doubled', async () => {
    const tenant = await settle(platform, 'traveller', 'shared', 'main');
    const writers = new Writers(world, tenant, { random: randomFrom(seed), memoryMs });
    await writers.start(4);
    await writers.more(20);
    const pauses: string[] = [];
    for (const [from, to] of everyPair()) {
      const report = await move(world, 'traveller', to);
      pauses.push(`${from.model}@${from.shard} → ${to.model}@${to.shard} ${report.pauseMs} ms`);
      expect({ ...report.from }).toMatchObject(from);
      await writers.more(8);
      expect(writers.errors, `seed ${seed}, ${pauses.at(-1)}`).toEqual([]);
    }
    await writers.stop();
    expect(pauses).toHaveLength(30);
    console.log(
      `${writers.commits} commits, ${writers.sentAgain} sent again, seed ${seed}\n${pauses.join('\n')}`,
    );
    await expectExactly(writers, seed);
    await expectNothingElsewhere(world, 'traveller');
    await expectLedgerToBeTrue(platform);
  });

  test('writers whose snapshot is older than the switch are sent on too', async () => {
    const tenant = await settle(platform, 'repeater', 'schema', 'main');
    const writers = new Writers(world, tenant, {
      random: randomFrom(seed),
      memoryMs,
      isolation: 'repeatable read',
      thinkMs: 200,
    });
    await writers.start(6);
    for (const to of [places[1], places[4], places[0], places[2]]) {
      if (to) await move(world, 'repeater', to);
      await writers.more(6);
    }
    await writers.stop();
    expect(writers.sentAgain).toBeGreaterThan(0);
    await expectExactly(writers, seed);
  });

  test('a writer that never ends its transaction keeps the tenant where it is, and nobody waits for long', async () => {
    const tenant = await settle(platform, 'busy', 'shared', 'main');
    const writers = new Writers(world, tenant, { random: randomFrom(seed), memoryMs });
    await writers.start(1);
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('Kept open')");
      await expect(
        move(
          world,
          'busy',
          { model: 'database', shard: 'main' },
          { lockMs: 100, patienceMs: 1_000 },
        ),
      ).rejects.toThrow('busy is not moved: for 1 s there was always a transaction');
    });
    await writers.more(5);
    await writers.stop();
    await expectExactly(writers, seed);
    await expectNothingElsewhere(world, 'busy');
    expect(await findMove(platform.clusters, tenant.id)).toBeUndefined();
  });

  test('rows that exchange a unique value, and go with their parents, arrive all the same', async () => {
    const tenant = await settle(platform, 'swapper', 'schema', 'east');
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('A'), ('B'), ('C')");
      await client.query('insert into notes (project_id, body) select id, name from projects');
    });
    await move(
      world,
      'swapper',
      { model: 'shared', shard: 'main' },
      {
        tell: once('all rows are copied', async () => {
          await asAdmin(world, tenant, async (client) => {
            await client.query("update projects set name = 'X' where name = 'A'");
            await client.query("update projects set name = 'A' where name = 'B'");
            await client.query("update projects set name = 'B' where name = 'X'");
            await client.query("delete from projects where name = 'C'");
          });
        }),
      },
    );
    const moved = await findTenant(platform.clusters, 'swapper');
    const found = await asAdmin(
      world,
      moved,
      async (client) =>
        (
          await client.query(
            'select p.name, n.body from projects p join notes n on n.project_id = p.id order by p.name',
          )
        ).rows as unknown,
    );
    expect(found).toEqual([
      { name: 'A', body: 'B' },
      { name: 'B', body: 'A' },
    ]);
    await expectNothingElsewhere(world, 'swapper');
  });

  test('a copy that is not the same is refused, and the tenant stays', async () => {
    const tenant = await settle(platform, 'unlike', 'shared', 'main');
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('A')");
      await client.query("insert into notes (project_id, body) select id, 'N' from projects");
    });
    const admin = await world.servers.east.connect('postgres', 'strata');
    await admin.query(`create function app.meddle() returns trigger language plpgsql as $$
      begin new.name := new.name || '!'; return new; end $$;
      create trigger meddle before insert on app.projects for each row execute function app.meddle()`);
    await expect(move(world, 'unlike', { model: 'shared', shard: 'east' })).rejects.toThrow(
      'unlike is not moved, its copy is not the same:\n  - app.projects has 1 rows, and 1 at the new place, or others',
    );
    await admin.query('drop trigger meddle on app.projects; drop function app.meddle()');
    await admin.end();
    await expectNothingElsewhere(world, 'unlike');
    expect(await findTenant(platform.clusters, 'unlike')).toMatchObject({
      model: 'shared',
      shard: 'main',
    });
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('B')");
    });
  });

  test('events that wait stay, and a move makes none; the log says that no user did it', async () => {
    const admin = await world.servers.main.connect('postgres', 'strata');
    await admin.query(`create trigger strata_function_heard after insert or update or delete on app.notes
      for each row execute function outbox.record('heard')`);
    const tenant = await settle(platform, 'heard', 'shared', 'main');
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('A')");
      await client.query("insert into notes (project_id, body) select id, 'N' from projects");
    });
    const events = 'select id, operation from outbox.events where tenant_id = $1 order by position';
    const before = (await admin.query(events, [tenant.id])).rows;
    expect(before).toHaveLength(1);
    const told =
      'select position, operation from realtime.changes where tenant_id = $1 order by position';
    const toldBefore = (await admin.query(told, [tenant.id])).rows;
    expect(toldBefore).toHaveLength(1);
    await move(world, 'heard', { model: 'database', shard: 'main' });
    await move(world, 'heard', { model: 'shared', shard: 'main' });
    expect((await admin.query(events, [tenant.id])).rows).toEqual(before);
    expect((await admin.query(told, [tenant.id])).rows).toEqual(toldBefore);
    const { rows } = await admin.query(
      `select distinct login, user_id is null as nobody from audit.log
       where tenant_id = $1 and relation = 'app.notes' order by login`,
      [tenant.id],
    );
    expect(rows).toEqual([
      { login: 'strata_authenticator', nobody: false },
      { login: 'strata_migrator', nobody: true },
    ]);
    await admin.query('drop trigger strata_function_heard on app.notes');
    await admin.end();
  });
});

/** Does something once when a step is told, before the move goes on. */
function once(step: string, work: () => Promise<void>): (message: string) => Promise<void> {
  let done = false;
  return async (message) => {
    if (done || !message.startsWith(step)) return;
    done = true;
    await work();
  };
}
