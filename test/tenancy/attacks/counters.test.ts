import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../sql/support/server';
import { attackers, victims } from './support/names';
import { startScene, within } from './support/scene';

let server: Server;

beforeAll(async () => {
  server = await startScene();
});

afterAll(() => server.stop());

/** Postgres lets everybody into these unless somebody takes that away, and what 002_schemas revokes counts per database. */
test.each(['postgres', 'template1'])(
  'in the database %s, A does not read how many rows B writes in its own database',
  async (database) => {
    const before = await counted(database);
    await within(server, victims.database, async (client) => {
      await client.query(
        `insert into drops (tenant_id, body) select '${victims.database.id}', 'drop' from generate_series(1, 1000)`,
      );
      await client.query('select pg_stat_force_next_flush()');
    });
    expect(await counted(database)).toBe(before);
  },
);

/** As A's own login; undefined where it may not connect or not read. */
async function counted(database: string): Promise<number | undefined> {
  try {
    const client = await server.connect(attackers.database.role, database);
    const { rows } = await client.query<{ n: number }>(
      'select tup_inserted::int as n from pg_stat_database where datname = $1',
      [victims.database.place.database],
    );
    await client.end();
    return rows[0]?.n;
  } catch {
    return undefined;
  }
}
