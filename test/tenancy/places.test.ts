import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { placeOf, tenantRole } from '../../components/tenancy/places';
import { ApiWorld } from './support/api-world';
import { endPlaces, inside, placesFor, startShard } from './support/places';

let world: ApiWorld;

beforeAll(async () => {
  world = await ApiWorld.start();
});

afterEach(endPlaces);

afterAll(() => world.server.stop());

const whoami = `select session_user as login, current_user as role, current_database() as database,
  current_schema() as schema, (select array_agg(body) from notes) as notes`;

describe('the database of a tenant', () => {
  test('is its place: login, role, database and schema by its model', async () => {
    const places = placesFor(world);
    for (const model of ['shared', 'schema', 'database'] as const) {
      const inhabitant = await world.settle(`place-${model}`, model);
      const { id } = inhabitant.tenant;
      const { database, schema, role } = placeOf(id, model);
      const login = model === 'database' ? tenantRole(id) : 'strata_authenticator';
      expect(await inside(await places.of(inhabitant.tenant.id), inhabitant, whoami)).toEqual([
        { login, role, database, schema, notes: [inhabitant.secret] },
      ]);
    }
  });

  test('leaves nothing on the connection that the next one gets', async () => {
    const places = placesFor(world, { max: 1 });
    const first = await world.settle('leaver', 'schema');
    const { pool } = await places.of(first.tenant.id);
    const state = `select current_user as role, current_setting('search_path') as path,
      coalesce(current_setting('request.jwt.claims', true), '') as claims,
      current_setting('statement_timeout') as timeout`;
    const look = async (): Promise<unknown> => {
      const client = await pool.connect();
      const { rows } = await client.query<object>(
        `select pg_backend_pid() as pid, now.* from (${state}) now`,
      );
      client.release();
      return rows[0];
    };
    const before = await look();
    expect(before).toMatchObject({ role: 'strata_authenticator', claims: '', timeout: '0' });
    await inside(await places.of(first.tenant.id), first, whoami);
    expect(await look()).toEqual(before);
    await expect(inside(await places.of(first.tenant.id), first, 'select 1 / 0')).rejects.toThrow(
      'division by zero',
    );
    expect(await look()).toEqual(before);
  });

  test('lets a tenant with its own schema see neither the shared tables nor other schemas', async () => {
    const places = placesFor(world);
    const attacker = await world.settle('curious', 'schema');
    const victim = await world.settle('curiosity', 'schema');
    const own = await places.of(attacker.tenant.id);
    const { settings } = await places.of(victim.tenant.id);
    const [schema = ''] = settings.search_path.split(',');
    for (const table of ['app.notes', 'app.projects', `${schema}.notes`, 'registry.tenants']) {
      await expect(inside(own, attacker, `select * from ${table}`), table).rejects.toThrow(
        'permission denied for schema',
      );
    }
    // The place of one and the token of another: nobody's rows.
    const mixed = await places.of(victim.tenant.id);
    expect(await inside(mixed, attacker, 'select * from notes')).toEqual([]);
  });

  test('knows only its own tenant, whatever the claims on its connection say', async () => {
    const places = placesFor(world);
    const victim = await world.settle('walled', 'database');
    const attacker = await world.settle('climber', 'shared');
    const there = await places.of(victim.tenant.id);
    expect(
      await inside(
        there,
        attacker,
        'select tenancy.current_tenant_id() as tenant, (select count(*)::int from notes) as notes',
      ),
    ).toEqual([{ tenant: null, notes: 0 }]);
    for (const login of ['strata_authenticator', 'strata_app']) {
      await expect(
        new Client({ connectionString: world.urlOf(victim.tenant, login) }).connect(),
      ).rejects.toThrow();
    }
    const wrong = placesFor(world, { master: 'x'.repeat(64) });
    const { pool } = await wrong.of(victim.tenant.id);
    await expect(pool.connect()).rejects.toMatchObject({
      status: 503,
      code: 'database_unavailable',
    });
  });

  test('takes a shorter limit of the tenant for its statements, and no longer one', async () => {
    const inhabitant = await world.settle('limited', 'database');
    const limit = async (value: number | null): Promise<string | undefined> => {
      await world.set(inhabitant.tenant, 'statement_timeout_ms', value);
      return (await placesFor(world).of(inhabitant.tenant.id)).settings.statement_timeout;
    };
    expect([await limit(null), await limit(60_000), await limit(150)]).toEqual([
      '10000',
      '10000',
      '150',
    ]);
    await expect(
      inside(await placesFor(world).of(inhabitant.tenant.id), inhabitant, 'select pg_sleep(5)'),
    ).rejects.toThrow('statement timeout');
  });
});

describe('a tenant on another shard', () => {
  test('is served there: by the service’s login where it has a schema or shares, by its own in its database', async () => {
    const shard = await startShard(world);
    await world.admin.query(
      "insert into registry.shards (name, host, port) values ('far', '127.0.0.1', $1)",
      [shard.port],
    );
    for (const model of ['shared', 'schema', 'database'] as const) {
      const inhabitant = await world.settle(`far-${model}`, model);
      await world.set(inhabitant.tenant, 'shard', 'far');
      const before = shard.connections();
      const rows = await inside(
        await placesFor(world).of(inhabitant.tenant.id),
        inhabitant,
        whoami,
      );
      expect(rows).toMatchObject([{ notes: [inhabitant.secret] }]);
      expect(shard.connections() - before).toBe(1);
    }
    await shard.stop();
  });
});
