import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../provider/database/connect';
import { erasePerson } from '../../provider/tenancy/erase';
import { forget } from '../../provider/tenancy/mirror';
import { endMemberships, deleteStrangers } from '../../provider/tenancy/people';
import { synchronise } from '../../provider/tenancy/provision';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { removeFromPostgres } from '../../provider/tenancy/stores/postgres-remove';
import type { Tenant } from '../../provider/tenancy/tenant';
import { untilSomebodyWaits } from './support/locks';
import { adminOf, settle, startWorld, type World } from './support/population';

let world: World;
let admins: Record<'main' | 'east', Client>;

beforeAll(async () => {
  world = await startWorld();
  const { main, east } = world.servers;
  admins = {
    main: await main.connect('postgres', 'strata'),
    east: await east.connect('postgres', 'strata'),
  };
});

afterAll(() => world.stop());

/** What ends somebody's last membership that is known of, on the shard where it is. */
const endings: Record<string, { shard: 'main' | 'east'; end: (tenant: Tenant) => Promise<void> }> =
  {
    'is forgotten in a tenant': {
      shard: 'main',
      end: ({ id, slug }) =>
        erasePerson(world.platform, [postgresStore(world.platform)], { id, slug }, `${slug}-ann`),
    },
    'was in a tenant that is deleted': {
      shard: 'main',
      end: async (tenant) => {
        const { main, east } = admins;
        for (const admin of [main, east]) {
          await admin.query("update registry.tenants set status = 'deleting' where id = $1", [
            tenant.id,
          ]);
        }
        await removeFromPostgres(world.platform, tenant);
      },
    },
    'left a tenant of which this is the copy': {
      shard: 'east',
      end: async (tenant) => {
        await admins.main.query('delete from registry.members where tenant_id = $1', [tenant.id]);
        await synchronise(world.platform.clusters, tenant);
      },
    },
    'was in a tenant that has moved away': {
      shard: 'east',
      end: async ({ id }) => {
        const migrator = await world.servers.east.connect('strata_migrator', 'strata');
        await forget(migrator, id);
        await migrator.end();
      },
    },
  };

test.each(Object.entries(endings))(
  'who %s stays a member of the tenant that takes this person in at that moment',
  async (what, { shard, end }) => {
    const slug = `left-${Object.keys(endings).indexOf(what)}`;
    const tenant = await settle(world.platform, slug, 'shared', shard);
    const other = await settle(world.platform, `${slug}-other`, 'shared', shard);
    const user = await adminOf(world.platform, tenant);
    const taking = await world.servers[shard].connect('postgres', 'strata');
    await taking.query('begin');
    await taking.query(
      "insert into registry.members (tenant_id, user_id, role) values ($1, $2, 'member')",
      [other.id, user],
    );
    const ended = end(tenant);
    await Promise.race([ended, untilSomebodyWaits(admins[shard])]);
    await taking.query('commit');
    await ended;
    const { rows } = await taking.query(
      'select tenant_id as "tenantId" from registry.members where user_id = $1',
      [user],
    );
    await taking.end();
    expect(rows).toEqual([{ tenantId: other.id }]);
  },
);

test('who leaves two tenants at the same time is nobody any more', async () => {
  const tenants = [
    await settle(world.platform, 'first', 'shared', 'main'),
    await settle(world.platform, 'second', 'shared', 'main'),
  ] as const;
  const user = await adminOf(world.platform, tenants[0]);
  await admins.main.query(
    "insert into registry.members (tenant_id, user_id, role) values ($1, $2, 'member')",
    [tenants[1].id, user],
  );
  const [one, two] = [await maintenance(), await maintenance()];
  let second: Promise<void> = Promise.resolve();
  await inTransaction(one, undefined, async () => {
    await deleteStrangers(one, await endMemberships(one, tenants[0].id));
    second = inTransaction(two, undefined, async () => {
      await deleteStrangers(two, await endMemberships(two, tenants[1].id));
    });
    await Promise.race([second, untilSomebodyWaits(admins.main)]);
  });
  await second;
  const { rowCount } = await admins.main.query('select from registry.users where id = $1', [user]);
  expect(rowCount).toBe(0);
  await Promise.all([one.end(), two.end()]);
});

async function maintenance(): Promise<Client> {
  const client = await world.servers.main.connect('strata_migrator', 'strata');
  await client.query('set role strata_maintenance');
  return client;
}
