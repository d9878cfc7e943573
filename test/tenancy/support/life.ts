import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import example from '../../../app/tenancy';
import { readMigrations } from '../../../components/data/migrations';
import { root } from '../../../engine/root';
import type { Platform } from '../../../provider/tenancy/provision';
import { placeOfTenant, type Tenant } from '../../../provider/tenancy/tenant';
import { startServer, type Server } from '../../sql/support/server';
import { addTenant, deployCluster, planWith, platformOf } from './platform';

/** Values of every kind that a copy could spoil. */
const samples = `
create table samples (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  above_id uuid,
  owner_id uuid,
  label text,
  code varchar(20),
  fixed char(6),
  amount numeric,
  ratio double precision,
  small real,
  tags text[],
  grid int[][],
  document jsonb,
  raw bytea,
  at timestamptz,
  local timestamp,
  day date,
  span interval,
  flag boolean,
  period tstzrange,
  email text,
  twice text generated always as (label || label) stored,
  primary key (tenant_id, id),
  unique (tenant_id, email),
  constraint samples_above foreign key (tenant_id, above_id) references samples on delete cascade,
  constraint samples_owner foreign key (tenant_id, owner_id) references registry.members on delete set null (owner_id)
);
create table codes (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  -- Another order than that of bytes, as on a server with another locale.
  code text collate "und-x-icu" not null,
  sample_id uuid,
  primary key (tenant_id, code),
  constraint codes_sample foreign key (tenant_id, sample_id) references samples on delete cascade
);`;

const rules = { read: 'member', insert: 'member', update: 'member', delete: 'member' } as const;

const lifePlan = planWith({
  migrations: [
    ...readMigrations(path.join(root, 'app/sql'), 'app'),
    { scope: 'app', name: '050_samples', sql: samples, role: 'owner', transaction: true },
  ],
  declaration: {
    tables: {
      ...example.tables,
      'app.samples': {
        ...rules,
        owner: 'owner_id',
        parents: { above_id: 'app.samples' },
        personal: { email: 'email', label: 'text' },
      },
      'app.codes': { ...rules, parents: { sample_id: 'app.samples' } },
    },
  },
});

/** Two clusters with the platform, and what tenants keep in them. */
export class LifeWorld {
  private constructor(
    readonly servers: { readonly main: Server; readonly east: Server },
    readonly platform: Platform,
    readonly scratch: string,
  ) {}

  static async start(): Promise<LifeWorld> {
    const [main, east] = await Promise.all([startServer(), startServer()]);
    await Promise.all([deployCluster(main, lifePlan), deployCluster(east, lifePlan, 'east')]);
    const servers = { main, east };
    const admin = await main.connect('postgres', 'strata');
    await admin.query(
      "insert into registry.shards (name, host, port) values ('east', 'east.test', 5432)",
    );
    // As the storage service sets them when it starts.
    for (const server of [main, east]) {
      const superuser = await server.connect('postgres', 'strata');
      await superuser.query('insert into storage.limits values (true, 1e9, 1e9, 1000, 1e9, 1000)');
      await superuser.end();
    }
    await admin.end();
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'strata-life-'));
    return new LifeWorld(servers, platformOf(servers, lifePlan), scratch);
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.servers).map((server) => server.stop()));
    rmSync(this.scratch, { recursive: true, force: true });
  }

  folder(name: string): string {
    return path.join(this.scratch, name);
  }

  add(slug: string, wanted: Parameters<typeof addTenant>[3]): Promise<Tenant> {
    return addTenant(this.servers.main, this.platform, slug, wanted);
  }

  /** A question of a superuser, in a database of a cluster. */
  async ask<Row extends object>(
    sql: string,
    values: unknown[] = [],
    { shard = 'main', database = 'strata' }: { shard?: string; database?: string } = {},
  ): Promise<Row[]> {
    const server = shard === 'east' ? this.servers.east : this.servers.main;
    const client = await server.connect('postgres', database);
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The same, where a tenant's rows are; `app.` in it means the tenant's own schema. */
  at<Row extends object>(tenant: Tenant, sql: string, values: unknown[] = []): Promise<Row[]> {
    const { shard, database, schema } = placeOfTenant(tenant);
    return this.ask(sql.replaceAll('app.', `${schema}.`), values, { shard, database });
  }

  /** Rows of every kind, `many` of them plain. */
  async furnish(tenant: Tenant, many = 100): Promise<void> {
    const [user] = await this.ask<{ id: string }>(
      'select user_id as id from registry.members where tenant_id = $1 order by 1 limit 1',
      [tenant.id],
    );
    await this.at(tenant, furniture(many), [tenant.id, user?.id]).catch((error: unknown) => {
      throw new Error(`furnishing ${tenant.slug}`, { cause: error });
    });
  }
}

function furniture(many: number): string {
  // One statement, because only such a one takes parameters.
  return `with plain as (
    insert into app.samples (tenant_id, id, owner_id, label, amount, at, email)
    select $1, md5('plain' || n)::uuid, case n % 2 when 0 then $2::uuid end, 'Row ' || n, n / 7.0,
      '2024-02-29 12:00:00+01'::timestamptz + n * interval '1 second', 'user' || n || '@acme.test'
    from generate_series(1, ${String(many)}) as n returning id
  ), odd as (
    insert into app.samples (tenant_id, id, above_id, label, code, fixed, amount, ratio, small, tags, grid, document, raw, at,
      local, day, span, flag, period)
    values
      ($1, '00000000-0000-0000-0000-000000000001', 'ffffffff-0000-0000-0000-000000000001', '', '', '', 'NaN', 'Infinity',
        'NaN', '{}', '{}', 'null', '', 'infinity', '-infinity', 'infinity', '1 year -2 days 03:04:05.678901', true, 'empty'),
      ($1, 'ffffffff-0000-0000-0000-000000000001', null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null),
      ($1, '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001',
        E'back\\\\slash \\\\N \\\\. tab\\t line\\n return\\r bell\\b \\f \\v ünïcödé 日本語 🦊 \\u202e', 'ABC', 'ab',
        'Infinity', -0.0, 1.1754944e-38, array['', null, 'a,b', '"q"', E'\\\\', '{x}', 'NULL'], '{{1,2},{3,null}}',
        '{"a": [1, "\\\\u00e9\\\\n", null], "": {}}', '\\x00ff5c6e0a', '0044-03-15 12:00:00+00 BC',
        '294276-12-31 23:59:59.999999', '4713-01-01 BC', '-178000000 years', false,
        '["2024-01-01 00:00:00+00","infinity")'),
      ($1, '00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000003', '\\.', 'x', '      ',
        0.1000000000000000000000000000001, 0.1, 0.1, '{a}', null, '[]', '\\xdeadbeef', '2024-07-01 00:00:00.000001+02', null,
        null, '0', null, null)
  ), codes as (
    insert into app.codes (tenant_id, code, sample_id)
    values ($1, 'a', null), ($1, 'B', null), ($1, 'ä', null), ($1, '', null), ($1, E'\\n', null), ($1, 'Z', null)
  ), project as (
    insert into app.projects (tenant_id, id, name) values ($1, md5($1::text)::uuid, 'Apollo')
  ) insert into app.notes (tenant_id, project_id, author_id, body)
    select $1, md5($1::text)::uuid, $2, 'Written by ' || $2`;
}

/** Every file of a folder with its hash. */
export function hashes(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [
        path.relative(folder, file),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  );
}

export const models = ['shared', 'schema', 'database'] as const;
export const shards = ['main', 'east'] as const;
