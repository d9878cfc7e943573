import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import example from '../../app/tenancy';
import { readMigrations } from '../../components/data/migrations';
import { root } from '../../engine/root';
import { asMaintenance } from '../../provider/database/connect';
import { registryUrl } from '../../provider/tenancy/clusters';
import { findTenant } from '../../provider/tenancy/registry';
import { planWith } from './support/platform';
import { expectNothingElsewhere, move } from './support/moves';
import { asAdmin, settle, startWorld, type World } from './support/population';

const tables = `
create table profiles (
  tenant_id uuid primary key default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  motto text
);
create table counters (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  number bigint not null,
  primary key (tenant_id, number)
);`;

const rules = { read: 'member', insert: 'member', update: 'member', delete: 'member' } as const;

let world: World;

beforeAll(async () => {
  world = await startWorld(
    planWith({
      migrations: [
        ...readMigrations(path.join(root, 'app/sql'), 'app'),
        { scope: 'app', name: '050_edges', sql: tables, role: 'owner', transaction: true },
      ],
      declaration: {
        tables: { ...example.tables, 'app.profiles': rules, 'app.counters': rules },
      },
    }),
  );
});

afterAll(() => world.stop());

/** Runs `work` the first time that a move says so. */
function at(words: string, work: () => Promise<void>): (said: string) => Promise<void> {
  let left = true;
  return async (said) => {
    if (!left || !said.startsWith(words)) return;
    left = false;
    await work();
  };
}

describe('what is written while a tenant moves arrives', () => {
  test.each([
    ['where nothing but the tenant is the key', 'profiles', 'motto', "'Onwards'"],
    ['with a key that JavaScript would round', 'counters', 'number', '9007199254740993'],
  ])('%s', async (_, table, column, value) => {
    const tenant = await settle(world.platform, `edge-${table}`, 'shared', 'main');
    const write = () =>
      asAdmin(world, tenant, async (client) => {
        await client.query(`insert into ${table} (${column}) values (${value})`);
      });
    await move(
      world,
      tenant.slug,
      { model: 'schema', shard: 'east' },
      { tell: at('all rows are copied', write) },
    );
    const moved = await findTenant(world.platform.clusters, tenant.slug);
    const found = await asAdmin(world, moved, async (client) =>
      client.query<{ value: string }>(`select ${column}::text as value from ${table}`),
    );
    expect(found.rows).toEqual([{ value: value.replaceAll("'", '') }]);
    await expectNothingElsewhere(world, tenant.slug);
  });
});

describe('a shard that is full', () => {
  test('takes nobody from another one, and lets its own tenants change their model', async () => {
    const stays = await settle(world.platform, 'edge-stays', 'shared', 'main');
    const there = await settle(world.platform, 'edge-there', 'shared', 'east');
    const status = (value: string): Promise<unknown> =>
      asMaintenance(registryUrl(world.platform.clusters), (client) =>
        client.query(`update registry.shards set status = $1 where name = 'east'`, [value]),
      );
    await status('full');
    try {
      const to = { model: 'schema', shard: 'east' } as const;
      await expect(move(world, stays.slug, to)).rejects.toThrow(
        'edge-stays stays where it is:\n  - the shard east is full; shards with room: main',
      );
      expect(await findTenant(world.platform.clusters, stays.slug)).toMatchObject(stays);
      await move(world, there.slug, to);
    } finally {
      await status('open');
    }
  });
});

describe('a move whose connection to the registry is lost', () => {
  test('is not overtaken by another one, and ends well', async () => {
    const tenant = await settle(world.platform, 'overtaken', 'shared', 'main');
    const other = { model: 'database', shard: 'main' } as const;
    const lose = async () => {
      const admin = await world.servers.main.connect('postgres', 'strata');
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from pg_locks
         where locktype = 'advisory' and objsubid = 1
           and (classid::bigint << 32 | objid::bigint) = hashtextextended('strata.life of overtaken', 0)`,
      );
      await admin.end();
      expect(rowCount).toBe(1);
      await expect(move(world, 'overtaken', other)).rejects.toThrow(
        'another migration or move of this tenant is under way',
      );
    };
    await move(
      world,
      'overtaken',
      { model: 'schema', shard: 'main' },
      { tell: at('all rows are copied', lose) },
    );
    expect((await findTenant(world.platform.clusters, tenant.id)).model).toBe('schema');
    await expectNothingElsewhere(world, 'overtaken');
  });
});

describe('a slug', () => {
  test('never is the id of a tenant, so nobody answers in the place of another', async () => {
    const tenant = await settle(world.platform, 'asked-by-id', 'shared', 'main');
    const url = registryUrl(world.platform.clusters);
    await expect(
      asMaintenance(url, (client) =>
        client.query('insert into registry.tenants (slug, name) values ($1, $1)', [tenant.id]),
      ),
    ).rejects.toThrow('tenants_slug_is_no_id');
    expect((await findTenant(world.platform.clusters, tenant.id)).slug).toBe('asked-by-id');
  });
});
