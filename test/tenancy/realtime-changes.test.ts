import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import example from '../../app/tenancy';
import type { Change } from '../../components/services/images/realtime/changes/change';
import { ChangeFeed } from '../../components/services/images/realtime/changes/feed';
import { Visible } from '../../components/services/images/realtime/changes/visible';
import { Places } from '../../components/services/images/shared/tenant-database/places';
import type { Session } from '../../components/services/images/shared/token';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { platformDatabase } from '../../components/tenancy/places';
import { realtimeRules } from '../../components/tenancy/realtime';
import { startServer } from '../sql/support/server';
import { ApiWorld, type Inhabitant } from './support/api-world';
import { deployCluster, master, planWith, platformOf } from './support/platform';

const declaration: TenancyDeclaration = {
  tables: {
    ...example.tables,
    'app.notes': {
      owner: 'author_id',
      hidden: ['created_at'],
      read: 'owner',
      insert: 'self',
      update: 'owner',
      delete: 'owner',
      realtime: true,
    },
  },
};

let world: ApiWorld;
let places: Places;
let visible: Visible;
let shared: Inhabitant;
let neighbour: Inhabitant;
let schema: Inhabitant;
let apart: Inhabitant;
const warnings: string[] = [];

beforeAll(async () => {
  const server = await startServer();
  const plan = planWith({ declaration });
  await deployCluster(server, plan);
  world = await ApiWorld.on(server, platformOf({ main: server }, plan));
  shared = await world.settle('one', 'shared');
  neighbour = await world.settle('two', 'shared');
  schema = await world.settle('three', 'schema');
  apart = await world.settle('four', 'database');
  places = new Places({
    url: server.url('strata_authenticator', platformDatabase),
    pooled: false,
    master,
    name: 'realtime',
    max: 4,
    mostPools: 1,
    statementMs: 5_000,
    warn: (message) => warnings.push(message),
  });
  visible = new Visible(places, realtimeRules(declaration).tables);
});

afterAll(async () => {
  await places.end();
  await world.server.stop();
});

beforeEach(() => {
  warnings.length = 0;
});

/** A feed that has begun, and what it tells. */
async function listen(): Promise<{
  readonly feed: ChangeFeed;
  readonly heard: Change[];
  readonly gaps: (string | undefined)[];
}> {
  const heard: Change[] = [];
  const gaps: (string | undefined)[] = [];
  const feed = new ChangeFeed({
    directUrl: world.server.url('strata_realtime', platformDatabase),
    log: (_level, message) => warnings.push(message),
    onChanges: (changes) => heard.push(...changes),
    onGap: (tenantId) => gaps.push(tenantId),
  });
  feed.start();
  await vi.waitFor(() => {
    expect(feed.listening).toBe(true);
  }, 10_000);
  return { feed, heard, gaps };
}

/** Changes notes of a tenant by a superuser; `NOTES` stands for its table. */
async function change({ tenant }: Inhabitant, sql: string, values: unknown[] = []): Promise<void> {
  const { client, schema: place } = await world.inside(tenant);
  await client.query(sql.replaceAll('NOTES', `${place}.notes`), values);
  await client.end();
}

function write(who: Inhabitant, body: string, owner: string | null = null): Promise<void> {
  return change(
    who,
    'insert into NOTES (tenant_id, project_id, author_id, body) values ($1, $2, $3, $4)',
    [who.tenant.id, who.project, owner, body],
  );
}

/** Waits until so many changes are heard; they are taken out. */
async function hear(heard: Change[], many: number): Promise<Change[]> {
  await vi.waitFor(() => {
    expect(heard.length).toBeGreaterThanOrEqual(many);
  }, 10_000);
  expect(heard).toHaveLength(many);
  return heard.splice(0);
}

function member({ session }: Inhabitant, userId = '00000000-0000-4000-8000-000000000001'): Session {
  return { ...session, userId, role: 'tenant_member' };
}

function bodies(rows: readonly (Readonly<Record<string, unknown>> | undefined)[]): unknown[] {
  return rows.map((row) => row?.body);
}

describe('what a session is told of changes', () => {
  test('is the row that it sees, in the tables of all and in a schema of its own; the others are told nothing', async () => {
    const { feed, heard } = await listen();
    for (const who of [shared, schema]) {
      await write(who, `of ${who.slug}`, who.session.userId);
      const changes = await hear(heard, 1);
      expect(changes).toEqual([
        {
          tenantId: who.tenant.id,
          table: 'app.notes',
          operation: 'INSERT',
          key: { id: expect.any(String) as string },
          owner: who.session.userId,
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        },
      ]);
      const [row] = await visible.rows(who.session, changes);
      expect(row).toEqual({
        tenant_id: who.tenant.id,
        id: changes[0]?.key.id,
        project_id: who.project,
        author_id: who.session.userId,
        body: `of ${who.slug}`,
      });
      const others = [shared, neighbour, schema].filter((other) => other !== who);
      for (const other of others) {
        expect(await visible.rows(other.session, changes)).toEqual([undefined]);
        // Whatever a change claims, the rows are the session's tenant's or none.
        const claimed = changes.map((one) => ({ ...one, tenantId: other.tenant.id }));
        expect(await visible.rows(other.session, claimed)).toEqual([undefined]);
      }
      // A member who is not the owner.
      expect(await visible.rows(member(who), changes)).toEqual([undefined]);
      expect(bodies(await visible.rows(member(who, who.session.userId), changes))).toEqual([
        `of ${who.slug}`,
      ]);
    }
    await feed.stop();
  });

  test('is the row as it is now, once for each change, and nothing of one that is gone since', async () => {
    const { feed, heard } = await listen();
    await write(shared, 'before', shared.session.userId);
    await write(shared, 'short', shared.session.userId);
    await change(shared, "update NOTES set body = 'after' where body = 'before'");
    const early = await hear(heard, 3);
    expect(bodies(await visible.rows(shared.session, early))).toEqual(['after', 'short', 'after']);
    await change(shared, "delete from NOTES where body = 'short'");
    const late = await hear(heard, 1);
    const rows = await visible.rows(shared.session, [...early, ...late]);
    expect(bodies(rows)).toEqual(['after', undefined, 'after', undefined]);
    expect(rows[3]).toEqual(late[0]?.key);
    await feed.stop();
  });

  test('of a deleted row is its key, where the rule would have shown the row', async () => {
    const { feed, heard } = await listen();
    await write(shared, 'gone', shared.session.userId);
    await change(shared, "delete from NOTES where body = 'gone'");
    const [, gone] = await hear(heard, 2);
    if (!gone) throw new Error('nothing was deleted');
    const { key } = gone;
    expect(await visible.rows(shared.session, [gone])).toEqual([key]);
    expect(await visible.rows(member(shared, shared.session.userId), [gone])).toEqual([key]);
    expect(await visible.rows(member(shared), [gone])).toEqual([undefined]);
    expect(await visible.rows(neighbour.session, [gone])).toEqual([undefined]);
    await feed.stop();
  });

  test('is nothing of tables that are not told of, and of names that are none', async () => {
    const one: Change = {
      tenantId: shared.tenant.id,
      table: 'app.notes',
      operation: 'DELETE',
      key: { id: '00000000-0000-4000-8000-000000000001' },
      owner: shared.session.userId,
      at: '',
    };
    const tables = ['app.users', 'registry.users', '__proto__', 'constructor', 'app.notes; select'];
    const changes = tables.map((table) => ({ ...one, table }));
    expect(await visible.rows(shared.session, changes)).toEqual(tables.map(() => undefined));
    // A key that is hidden, or no column at all.
    for (const key of [{ created_at: 'x' }, { id: 'x', '"; select': 1 }]) {
      expect(await visible.rows(shared.session, [{ ...one, key }])).toEqual([undefined]);
    }
    for (const table of tables) expect(await visible.columns(shared.session, table)).toEqual([]);
  });

  test('has no hidden column, by name and type as Postgres has them', async () => {
    const columns = [
      { name: 'tenant_id', type: 'uuid' },
      { name: 'id', type: 'uuid' },
      { name: 'project_id', type: 'uuid' },
      { name: 'author_id', type: 'uuid' },
      { name: 'body', type: 'text' },
    ];
    expect(await visible.columns(shared.session, 'app.notes')).toEqual(columns);
    expect(await visible.columns(member(schema), 'app.notes')).toEqual(columns);
  });

  test('asks one transaction, and leaves nothing on its connections', async () => {
    const { feed, heard } = await listen();
    await write(shared, 'x', shared.session.userId);
    const changes = await hear(heard, 1);
    await visible.rows(shared.session, changes);
    const { pool } = await places.of(shared.tenant.id);
    for (let count = 0; count < 4; count += 1) {
      const client = await pool.connect();
      const { rows } = await client.query(
        `select current_user as who, current_setting('request.jwt.claims', true) as claims,
           current_setting('search_path') as path`,
      );
      expect(rows).toEqual([
        {
          who: 'strata_authenticator',
          claims: expect.toBeOneOf([null, '']) as string,
          path: expect.not.stringContaining('app') as string,
        },
      ]);
      client.release();
    }
    await feed.stop();
  });

  test('is nothing where the rows are elsewhere, and that can be asked before', async () => {
    const { feed, heard } = await listen();
    await write(apart, 'elsewhere');
    await write(shared, 'here');
    expect((await hear(heard, 1)).map(({ tenantId }) => tenantId)).toEqual([shared.tenant.id]);
    expect(await visible.isHeard(apart.tenant.id)).toBe(false);
    expect(await visible.isHeard(shared.tenant.id)).toBe(true);
    expect(await visible.isHeard(schema.tenant.id)).toBe(true);
    await expect(visible.columns(apart.session, 'app.notes')).rejects.toThrow('another database');
    await feed.stop();
  });

  test('is nothing while the tenant is suspended', async () => {
    const { feed, heard } = await listen();
    await world.set(neighbour.tenant, 'status', 'suspended');
    places.forget(neighbour.tenant.id);
    await write(neighbour, 'unheard');
    await write(shared, 'heard');
    const changes = await hear(heard, 1);
    expect(changes[0]?.tenantId).toBe(shared.tenant.id);
    const claimed = changes.map((one) => ({ ...one, tenantId: neighbour.tenant.id }));
    await expect(visible.rows(neighbour.session, claimed)).rejects.toThrow('not active');
    await world.set(neighbour.tenant, 'status', 'active');
    places.forget(neighbour.tenant.id);
    await feed.stop();
  });
});

describe('a feed of changes', () => {
  test('goes on where it was when its connection is ended, and misses nothing', async () => {
    const { feed, heard, gaps } = await listen();
    await write(shared, 'one');
    await hear(heard, 1);
    await world.admin.query('alter role strata_realtime nologin');
    await endConnections();
    await vi.waitFor(() => {
      expect(feed.listening).toBe(false);
    }, 10_000);
    await write(shared, 'two');
    await write(schema, 'three');
    await world.admin.query('alter role strata_realtime login');
    expect((await hear(heard, 2)).map(({ tenantId }) => tenantId)).toEqual([
      shared.tenant.id,
      schema.tenant.id,
    ]);
    expect(gaps).toEqual([]);
    expect(warnings).toContain('changes of rows are not heard of now');
    await feed.stop();
  });

  test('tells of a gap when what it missed is not kept any more, and goes on', async () => {
    const { feed, heard, gaps } = await listen();
    const sweeper = await world.server.connect('strata_realtime', platformDatabase);
    await world.admin.query('alter role strata_realtime nologin');
    await endConnections();
    await vi.waitFor(() => {
      expect(feed.listening).toBe(false);
    }, 10_000);
    await write(shared, 'lost');
    await sweeper.query("select realtime.sweep('0')");
    await sweeper.end();
    await world.admin.query('alter role strata_realtime login');
    await vi.waitFor(() => {
      expect(gaps).toEqual([undefined]);
    }, 10_000);
    await write(shared, 'found');
    await hear(heard, 1);
    await feed.stop();
  });

  test('tells of a gap of the tenant alone that changes very much at once', async () => {
    const { feed, heard, gaps } = await listen();
    await change(
      shared,
      `insert into NOTES (tenant_id, project_id, author_id, body) select $1, $2, null, 'many' from generate_series(1, 1001)`,
      [shared.tenant.id, shared.project],
    );
    await vi.waitFor(() => {
      expect(gaps).toEqual([shared.tenant.id]);
    }, 10_000);
    await hear(heard, 1000);
    await write(schema, 'other');
    await hear(heard, 1);
    await feed.stop();
  });

  test('is told twice over to two, and nothing after it has stopped', async () => {
    const [one, two] = [await listen(), await listen()];
    await write(shared, 'both');
    expect(await hear(one.heard, 1)).toEqual(await hear(two.heard, 1));
    await one.feed.stop();
    expect(one.feed.listening).toBe(false);
    await write(shared, 'one of them');
    await hear(two.heard, 1);
    expect(one.heard).toEqual([]);
    await two.feed.stop();
    const open = () =>
      world.admin.query(`select from pg_stat_activity where application_name = 'realtime-changes'`);
    await expect.poll(async () => (await open()).rowCount).toBe(0);
  });

  test('stops while the database does not let it in', async () => {
    await world.admin.query('alter role strata_realtime nologin');
    const feed = new ChangeFeed({
      directUrl: world.server.url('strata_realtime', platformDatabase),
      log: (_level, message) => warnings.push(message),
      onChanges: () => undefined,
      onGap: () => undefined,
    });
    feed.start();
    await vi.waitFor(() => {
      expect(warnings).toEqual(['changes of rows are not heard of now']);
    }, 10_000);
    await feed.stop();
    await world.admin.query('alter role strata_realtime login');
  });
});

async function endConnections(): Promise<void> {
  await world.admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'realtime-changes'",
  );
}
