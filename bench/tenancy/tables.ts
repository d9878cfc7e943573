import type { Client } from 'pg';
import { compileTenancy } from '../../components/tenancy/compile';
import { statements, type TableFence } from '../../components/tenancy/statements';

/** How many tenants there are, and how many folders and items each of them has. */
export interface Size {
  readonly tenants: number;
  readonly folders: number;
  readonly items: number;
}

/** The rules of the example application's notes: members read, write in their own name and change what is theirs. */
const declaration = {
  tables: {
    'app.folders': { read: 'member', insert: 'admin', update: 'admin', delete: 'admin' },
    'app.items': {
      owner: 'author_id',
      read: 'member',
      insert: 'self',
      update: 'owner',
      delete: 'owner',
    },
  },
} as const;

/** The first tenants of the registry, each with one member who is not its admin. */
export async function fillRegistry(admin: Client, tenants: number): Promise<void> {
  const all = `from generate_series(1, ${tenants}) n`;
  await admin.query(`
    insert into registry.tenants (id, slug, name)
      select md5('tenant ' || n)::uuid, 'bench-' || n, 'Bench ' || n ${all} on conflict do nothing;
    insert into registry.users (id, handle)
      select md5('user ' || n)::uuid, 'bench-' || n ${all} on conflict do nothing;
    insert into registry.members (tenant_id, user_id, role)
      select md5('tenant ' || n)::uuid, md5('user ' || n)::uuid, 'member' ${all} on conflict do nothing`);
  await admin.query('vacuum analyze registry.tenants, registry.users, registry.members');
}

/**
 * A schema with the tables `folders` and `items`, the same rows in whatever schema, and nobody but their owner let in.
 * A tenant's rows lie side by side, which is the cheapest for a statement without row level security.
 */
export async function makeTables(admin: Client, schema: string, size: Size): Promise<void> {
  const { tenants, folders, items } = size;
  await admin.query(`
    create schema if not exists ${schema} authorization strata_owner;
    grant usage on schema ${schema} to strata_tenant;
    set role strata_owner;
    create table ${schema}.folders (
      tenant_id uuid not null default tenancy.require_tenant_id(),
      id uuid not null default gen_random_uuid(),
      name text not null check (char_length(name) between 1 and 100)
    );
    create table ${schema}.items (
      tenant_id uuid not null default tenancy.require_tenant_id(),
      id uuid not null default gen_random_uuid(),
      folder_id uuid not null,
      author_id uuid default tenancy.require_user_id(),
      body text not null check (char_length(body) between 1 and 10000),
      created_at timestamptz not null default now()
    );
    reset role;
    insert into ${schema}.folders
      select md5('tenant ' || t)::uuid, md5('folder ' || t || ' ' || f)::uuid, 'Folder ' || f
      from generate_series(1, ${tenants}) t, generate_series(1, ${folders}) f;
    insert into ${schema}.items
      select md5('tenant ' || t)::uuid, md5('item ' || t || ' ' || i)::uuid,
        md5('folder ' || t || ' ' || i % ${folders} + 1)::uuid, md5('user ' || t)::uuid,
        repeat('what one writes ', 6), '2026-01-01'::timestamptz + i * interval '1 minute'
      from generate_series(1, ${tenants}) t, generate_series(1, ${items}) i;
    alter table ${schema}.folders
      add primary key (tenant_id, id),
      add unique (tenant_id, name),
      add foreign key (tenant_id) references registry.tenants on delete cascade;
    alter table ${schema}.items
      add primary key (tenant_id, id),
      add foreign key (tenant_id) references registry.tenants on delete cascade,
      add foreign key (tenant_id, folder_id) references ${schema}.folders on delete cascade,
      add foreign key (tenant_id, author_id) references registry.members on delete set null (author_id);
    create index on ${schema}.items (tenant_id, folder_id, created_at);
    create index on ${schema}.items (tenant_id, author_id)`);
  await admin.query(`vacuum analyze ${schema}.folders, ${schema}.items`);
}

/** The fences that a deployment puts up, without triggers: what each of those adds is measured by itself. */
export async function fence(admin: Client, schema: string): Promise<void> {
  const fences: TableFence[] = compileTenancy(declaration).map((one) => ({
    ...one,
    table: one.table.replace('app.', `${schema}.`),
    triggers: {},
  }));
  await asOwner(admin, fences.flatMap(statements));
}

/** Those of the triggers that a deployment puts up whose names begin so. */
export async function shipped(admin: Client, schema: string, prefix: string): Promise<void> {
  const triggers = compileTenancy(declaration)
    .filter(({ table }) => table === 'app.items')
    .flatMap((one) => Object.entries(one.triggers))
    .filter(([name]) => name.startsWith(prefix));
  await asOwner(
    admin,
    triggers.map(
      ([name, tail]) =>
        `create trigger ${name} ${tail.replaceAll(/\bTABLE\b/g, `${schema}.items`)}`,
    ),
  );
}

/** The same grants without any policy. */
export async function open(admin: Client, schema: string): Promise<void> {
  await asOwner(
    admin,
    ['folders', 'items'].map(
      (table) => `grant select, insert, update, delete on ${schema}.${table} to strata_tenant`,
    ),
  );
}

export async function asOwner(admin: Client, sql: readonly string[]): Promise<void> {
  await admin.query(['begin', 'set local role strata_owner', ...sql, 'commit'].join(';\n'));
}
