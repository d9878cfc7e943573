import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOf, tenantRole } from '../../components/tenancy/places';
import { provision, type Platform } from '../../provider/tenancy/provision';
import type { Tenant } from '../../provider/tenancy/tenant';
import { startServer, type Server } from '../sql/support/server';
import { addTenant, deployCluster, planWith, platformOf } from './support/platform';

let main: Server;
let east: Server;
let platform: Platform;
const tenants: Record<string, Tenant> = {};

const wanted = {
  acme: { model: 'shared' },
  initech: { model: 'schema' },
  hooli: { model: 'database' },
  stark: { model: 'shared', shard: 'east' },
  umbrella: { model: 'schema', shard: 'east' },
  wayne: { model: 'database', shard: 'east' },
} as const;
const slugs = Object.keys(wanted);

beforeAll(async () => {
  [main, east] = await Promise.all([startServer(), startServer()]);
  const plan = planWith();
  await Promise.all([deployCluster(main, plan), deployCluster(east, plan, 'east')]);
  platform = platformOf({ main, east }, plan);
  const admin = await main.connect('postgres', 'strata');
  await admin.query(
    "insert into registry.shards (name, host, port) values ('east', 'east.test', 5432)",
  );
  for (const [slug, where] of Object.entries(wanted)) {
    const members = { [`${slug}-ann`]: 'admin', [`${slug}-bob`]: 'member' } as const;
    tenants[slug] = await addTenant(main, platform, slug, { ...where, members });
  }
});

afterAll(() => Promise.all([main.stop(), east.stop()]));

describe('in each model and on each shard', () => {
  test.each(slugs)('%s writes and reads its own rows, and nobody else has them', async (slug) => {
    const { client, tenant, end } = await enter(slug);
    await client.query("insert into projects (name) values ('Secret')");
    await client.query(
      "insert into notes (project_id, body) select id, 'A note of ' || $1 from projects",
      [slug],
    );
    const { rows } = await client.query('select tenant_id, body from notes');
    expect(rows).toEqual([{ tenant_id: tenant.id, body: `A note of ${slug}` }]);
    await end();
  });

  test('made again, its place is as it was', async () => {
    for (const tenant of Object.values(tenants)) {
      expect(await provision(platform, tenant)).toEqual([]);
    }
  });
});

describe('a tenant does not get', () => {
  test('into the database of another, whatever it logs in as', async () => {
    const database = placeOf(idOf('hooli'), 'database').database;
    for (const login of ['strata_authenticator', 'strata_app', 'strata_hasura', 'strata_guard']) {
      await expect(main.connect(login, database)).rejects.toThrow(/permission denied for database/);
    }
    await expect(east.connect(tenantRole(idOf('wayne')), 'strata')).rejects.toThrow(
      /permission denied for database/,
    );
  });

  test('out of its schema', async () => {
    for (const statement of ['select from app.notes', 'select from registry.tenants']) {
      const { client, end } = await enter('initech');
      await expect(client.query(statement)).rejects.toThrow(/permission denied for schema/);
      await end();
    }
  });

  test("into another's schema with its own claims, even as the other's role", async () => {
    const { client, end } = await enter('initech', 'acme');
    expect((await client.query('select from notes')).rowCount).toBe(0);
    await expect(client.query("insert into projects (name) values ('x')")).rejects.toThrow(
      /row-level security/,
    );
    await end();
  });

  test('anything with claims of another tenant through its own login', async () => {
    const { client, end } = await enter('hooli', 'acme');
    expect((await client.query('select tenancy.session_claims() as claims')).rows).toEqual([
      { claims: null },
    ]);
    expect((await client.query('select from notes')).rowCount).toBe(0);
    await end();
  });
});

function idOf(slug: string): string {
  return tenants[slug]?.id ?? '';
}

/** A transaction at the place of one tenant, with the claims of an admin of `claimed`. */
async function enter(
  slug: string,
  claimed = slug,
): Promise<{ client: Client; tenant: Tenant; end: () => Promise<void> }> {
  const tenant = tenants[slug];
  if (!tenant) throw new Error(slug);
  const place = placeOf(tenant.id, tenant.model, tenant.shard);
  const login = tenant.model === 'database' ? tenantRole(tenant.id) : 'strata_authenticator';
  const client = await (tenant.shard === 'main' ? main : east).connect(login, place.database);
  const registry = await main.connect('postgres', 'strata');
  const { rows } = await registry.query<{ id: string }>(
    'select id from registry.users where handle = $1',
    [`${claimed}-ann`],
  );
  const claims = {
    'x-hasura-tenant-id': idOf(claimed),
    'x-hasura-user-id': rows[0]?.id,
    'x-hasura-role': 'tenant_admin',
  };
  await client.query('begin');
  await client.query(
    `select set_config('role', $1, true), set_config('search_path', $2, true), set_config('request.jwt.claims', $3, true)`,
    [place.role, place.schema, JSON.stringify({ 'https://hasura.io/jwt/claims': claims })],
  );
  return {
    client,
    tenant,
    end: async () => {
      await client.query('rollback');
      await Promise.all([client.end(), registry.end()]);
    },
  };
}
