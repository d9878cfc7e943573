import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt } from '../support/storage-sql';
import { attacks, denied, hash, insert, type Scene } from '../support/storage-sql-attacks';
import { controls } from '../support/storage-sql-controls';
import { mutants } from '../support/storage-sql-mutants';
import { clone, deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type World } from './support/world';

let server: Server;
let admin: Client;
let world: World;
let app: Client;
let scene: Scene;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'storage');
  admin = await server.connect('postgres', 'storage');
  world = await readWorld(admin);
  app = await server.connect('strata_authenticator', 'storage');
  await admin.query(
    `set role strata_owner; create function app.careless_files() returns bigint language sql security definer
     set search_path = '' as 'select count(*) from storage.files';
     grant execute on function app.careless_files() to strata_tenant; reset role`,
  );
  await app.query('select storage.set_limits(1000, 5000, 10, 3000, 5)');
  const files = {
    private: await add(world.ann.id, 'private'),
    shared: await add(world.ann.id, 'tenant'),
    open: await add(world.gus.id, 'public'),
    stale: await add(world.gus.id, 'private', 'pending'),
    victim: await add(world.gus.id, 'tenant'),
  };
  scene = { world, files };
  await admin.query(
    "set session_replication_role = replica; update storage.files set expires_at = now() - interval '1 minute' where status = 'pending'; reset session_replication_role",
  );
  await admin.end();
});

afterAll(() => server.stop());

async function add(owner: string, visibility: string, status = 'ready'): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `insert into storage.files (tenant_id, owner_id, name, mime_type, size, visibility, status, sha256, expires_at)
     select tenant_id, user_id, 'secret', 'text/plain', 100, $2, $3, $4, case $3 when 'pending' then now() end
     from registry.members where user_id = $1 returning id`,
    [owner, visibility, status, status === 'ready' ? hash : null],
  );
  return rows[0]?.id ?? '';
}

describe('the files of tenants in the database', () => {
  test.each(controls)('let through: $name', async ({ as, sql, ends }) => {
    expect(await attempt(app, world, as, ...sql(scene))).toEqual(ends);
  });

  test.each(attacks)('hold against somebody who $name', async ({ as, sql, ends }) => {
    expect(await attempt(app, world, as, ...sql(scene))).toEqual(ends);
  });

  test('stand in tables without a problem, each under a policy that is forced', async () => {
    const inside = await server.connect('postgres', 'storage');
    const { rows } = await inside.query(
      `select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, p as problem
       from pg_class c left join tenancy.table_problems(c.oid) p on c.relname <> 'limits'
       where c.relnamespace = 'storage'::regnamespace and c.relkind = 'r' order by 1`,
    );
    expect(rows).toEqual(
      ['files', 'limits', 'tenant_usage', 'user_usage'].map((relname) => ({
        relname,
        forced: true,
        problem: null,
      })),
    );
    await inside.end();
  });
});

describe('a limit', () => {
  test.each([
    ['file_bytes', [insert({ size: '1001' })]],
    ['user_bytes', Array.from({ length: 4 }, () => insert({ size: '1000' }))],
    ['user_files', Array.from({ length: 6 }, () => insert())],
  ] as const)('is kept to: %s', async (_name, statements) => {
    expect(await attempt(app, world, 'bob', ...statements)).toEqual({ code: '53400' });
    expect(await attempt(app, world, 'bob', ...statements.slice(1))).not.toEqual({ code: '53400' });
  });

  test('says nothing of another tenant: the policy speaks first', async () => {
    const sql = insert({ tenant_id: `'${world.globex.id}'`, size: '1001' });
    expect(await attempt(app, world, 'ann', sql)).toEqual(denied);
  });
});

describe('a fence that is taken down is noticed', () => {
  test('and one that stands is not', async () => {
    const inside = await server.connect('postgres', 'storage');
    expect(await noticed(app, inside)).toEqual([]);
    await inside.end();
  });

  test.each(mutants)('%s', async (_name, sql) => {
    const cluster = await server.connect('postgres', 'postgres');
    await app.end();
    await clone(cluster, 'storage', 'mutant');
    const inside = await server.connect('postgres', 'mutant');
    await inside.query(sql);
    const attacker = await server.connect('strata_authenticator', 'mutant');
    try {
      expect(await noticed(attacker, inside)).not.toEqual([]);
    } finally {
      await attacker.end();
      await inside.end();
      await cluster.query('drop database mutant with (force)');
      await cluster.end();
      app = await server.connect('strata_authenticator', 'storage');
    }
  });
});

async function noticed(attacker: Client, inside: Client): Promise<string[]> {
  const found: string[] = [];
  for (const { name, as, sql, ends } of [...controls, ...attacks]) {
    const ended = await attempt(attacker, world, as, ...sql(scene));
    if (JSON.stringify(ended) !== JSON.stringify(ends)) found.push(name);
  }
  const over = await attempt(attacker, world, 'bob', insert({ size: '1001' }));
  if (!('code' in over)) found.push('a limit');
  const { rows } = await inside.query(
    `select relname from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r'
     and not (relrowsecurity and relforcerowsecurity)`,
  );
  if (rows.length > 0) found.push('a table is not forced');
  return found;
}
