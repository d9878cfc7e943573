import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

let server: Server;
let owner: Client;

beforeAll(async () => {
  server = await startServer();
  const admin = await server.connect('postgres', 'postgres');
  await admin.query('create database shape');
  await installPlatform(server, 'shape');
  owner = await server.connect('postgres', 'shape');
});

afterAll(() => server.stop());

beforeEach(async () => {
  await owner.query('begin; set local role strata_owner');
});

afterEach(async () => {
  await owner.query('rollback');
});

const tenantId =
  'tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade';
const sound = `create table app.parents (${tenantId}, id uuid default gen_random_uuid(), name text, primary key (tenant_id, id), unique (tenant_id, name));
  create table app.things (${tenantId}, id uuid default gen_random_uuid(), parent_id uuid, at tstzrange, primary key (tenant_id, id),
    foreign key (tenant_id, parent_id) references app.parents on delete cascade);`;

async function problems(sql: string): Promise<string[]> {
  await owner.query(sql);
  const { rows } = await owner.query<{ problem: string }>(
    "select problem from tenancy.table_problems('app.things') as problem",
  );
  return rows.map(({ problem }) => problem);
}

/** What is done to a sound table; what is said; whether the advice is a statement that mends it as it stands. */
const cases: readonly {
  readonly name: string;
  readonly sql: string;
  readonly says: RegExp;
  readonly mends?: false;
}[] = [
  {
    name: 'no default',
    sql: 'alter table app.things alter tenant_id drop default',
    says: /does not default to the session's tenant: alter table app.things alter column tenant_id set default/,
  },
  {
    name: 'another default',
    sql: 'alter table app.things alter tenant_id set default gen_random_uuid()',
    says: /does not default/,
  },
  {
    name: 'no reference to tenants',
    sql: 'alter table app.things drop constraint things_tenant_id_fkey',
    says: /refers to no tenant: alter table app.things add foreign key/,
  },
  {
    name: 'tenant_id is not first in the primary key',
    sql: 'alter table app.things drop constraint things_pkey, add primary key (id, tenant_id)',
    says: /primary key does not begin with tenant_id: alter table app.things drop constraint things_pkey, add primary key \(tenant_id, id\)/,
  },
  {
    name: 'tenant_id is not in the primary key',
    sql: 'alter table app.things drop constraint things_pkey, add primary key (id)',
    says: /add primary key \(tenant_id, id\)/,
  },
  {
    name: 'no primary key',
    sql: 'alter table app.things drop constraint things_pkey',
    says: /no primary key/,
    mends: false,
  },
  {
    name: 'a unique key over tenants',
    sql: 'alter table app.things add constraint careless unique (parent_id)',
    says: /careless lets a tenant feel another's rows by a violation: alter table app.things drop constraint careless, add unique \(tenant_id, parent_id\)/,
  },
  {
    name: 'a unique index over tenants',
    sql: 'create unique index careless on app.things (parent_id) where parent_id is not null',
    says: /drop index app.careless; create unique index on app.things \(tenant_id, parent_id\)/,
  },
  {
    name: 'a unique index on an expression',
    sql: 'create unique index careless on app.things (md5(id::text))',
    says: /create unique index on app.things \(tenant_id, md5\(id::text\)\)/,
  },
  {
    name: 'a unique index that only includes tenant_id',
    sql: 'create unique index careless on app.things (parent_id) include (tenant_id)',
    says: /careless lets a tenant feel/,
  },
  {
    name: 'an exclusion over tenants',
    sql: 'alter table app.things add constraint careless exclude using gist (at with &&)',
    says: /careless .* exclude with \(tenant_id with =/,
    mends: false,
  },
  {
    name: 'a foreign key without tenant_id',
    sql: 'alter table app.parents add unique (id); alter table app.things add constraint careless foreign key (parent_id) references app.parents (id) on delete cascade',
    says: /careless shows whether a row exists in any tenant: alter table app.things drop constraint careless, add foreign key \(tenant_id, parent_id\) references app.parents \(tenant_id, id\) on delete cascade/,
  },
  {
    name: 'a foreign key with tenant_id at the wrong place',
    sql: 'alter table app.parents add unique (id, tenant_id); alter table app.things add constraint careless foreign key (tenant_id, parent_id) references app.parents (id, tenant_id)',
    says: /careless shows whether/,
    mends: false,
  },
  {
    name: 'a reference to users',
    sql: 'alter table app.things add constraint careless foreign key (parent_id) references registry.users',
    says: /references registry.members \(tenant_id, user_id\)/,
  },
  {
    name: 'a counter',
    sql: 'alter table app.things add number bigint generated always as identity',
    says: /number counts over all tenants/,
    mends: false,
  },
  {
    name: 'a serial',
    sql: 'alter table app.things add number serial',
    says: /number counts over all tenants/,
    mends: false,
  },
  {
    name: 'a child of another table',
    sql: 'create table app.base (like app.things); alter table app.things inherit app.base',
    says: /show through app.base, .*: alter table app.things no inherit app.base/,
  },
  {
    name: 'a child that is granted',
    sql: 'create table app.part () inherits (app.things); grant select on app.part to strata_tenant',
    says: /part app.part is granted to strata_tenant, .*: revoke all on app.part from strata_tenant/,
  },
];

describe('the shape of a table', () => {
  test('is sound', async () => {
    expect(await problems(sound)).toEqual([]);
  });

  test.each(cases)('is refused for $name', async ({ sql, says, mends }) => {
    const found = await problems(`${sound} ${sql}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(says);
    if (mends === false) return;
    await owner.query(found[0]?.replace(/^.*?: (?=alter|drop|revoke)/, '') ?? '');
    expect(await problems('')).toEqual([]);
  });

  test('is refused for a tenant_id that may be null, which no primary key has then', async () => {
    const found = await problems(
      `${sound} alter table app.things drop constraint things_pkey, alter tenant_id drop not null`,
    );
    expect(found).toEqual([
      expect.stringMatching(/tenant_id may be null/),
      expect.stringMatching(/no primary key/),
    ]);
  });

  test('is refused for a table without tenant_id, with nothing else said', async () => {
    expect(await problems('create table app.things (id uuid primary key)')).toEqual([
      expect.stringMatching(
        /^it has no tenant_id: alter table app.things add column tenant_id uuid not null default/,
      ),
    ]);
  });

  test('is refused for every problem at once', async () => {
    const found = await problems(
      'create table app.things (tenant_id text, id bigserial, parent_id uuid references registry.users, unique (id))',
    );
    expect(found).toHaveLength(8);
  });

  test('is refused for a view', async () => {
    expect(await problems('create view app.things as select 1 as tenant_id')).toEqual([
      expect.stringMatching(/is not a table/),
    ]);
  });

  test('is refused for a partition, in favour of its parent', async () => {
    const sql = `create table app.whole (${tenantId}, id uuid, primary key (tenant_id, id)) partition by hash (tenant_id);
      create table app.things partition of app.whole for values with (modulus 1, remainder 0)`;
    expect(await problems(sql)).toEqual([expect.stringMatching(/declare app.whole instead/)]);
  });

  test("is refused for another's table", async () => {
    await owner.query(`${sound} reset role; alter table app.things owner to postgres`);
    expect(await problems('')).toEqual([
      expect.stringMatching(
        /belongs to postgres, .*: alter table app.things owner to strata_owner/,
      ),
    ]);
  });
});
