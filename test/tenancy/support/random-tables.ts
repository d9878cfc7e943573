import type { Client } from 'pg';
import type { Sides } from '../../../components/tenancy/attack-sql';
import { installPlatform } from '../../sql/support/platform';
import type { Server } from '../../sql/support/server';

const names = ['a', 'b', 'c', 'd'];

const side = (digit: string): Sides['own'] => {
  const row = `'${digit}0000000-0000-4000-8000-0000000000ff'`;
  return {
    tenant: `${digit}0000000-0000-4000-8000-000000000001`,
    user: `${digit}0000000-0000-4000-8000-000000000002`,
    other: `${digit}0000000-0000-4000-8000-000000000003`,
    rows: { 'app.x': { code: `'new'` }, 'app.y': { code: `'new'` } },
    keys: { 'app.a': { id: row }, 'app.b': { id: row } },
  };
};

/** Two tenants, each with an admin (`user`) and a member (`other`). */
export const sides: Sides = { own: side('1'), victim: side('2') };

/** The tables of `declarations`, without fences: each of the two tenants has a row of each of its people in each. */
export async function makeRandomTables(server: Server, database: string): Promise<Client> {
  const root = await server.connect('postgres', 'postgres');
  await root.query(`create database ${database}`);
  await installPlatform(server, database);
  const admin = await server.connect('postgres', database);
  await admin.query(`set role strata_owner; ${names.map(create).join('')}
    ${names.map((table) => `alter table app.${table} add foreign key (tenant_id, b_id) references app.b on delete cascade;`).join('')}
    ${['x', 'y'].map((table) => `create table app.${table} (code text primary key); insert into app.${table} values ('one');`).join('')}
    reset role; ${people(sides.own)} ${people(sides.victim)}`);
  return admin;
}

const create = (table: string): string => `
  create table app.${table} (
    tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
    id uuid not null default gen_random_uuid(), owner_id uuid default tenancy.require_user_id(),
    body text, name text, score int, a_id uuid, b_id uuid, primary key (tenant_id, id),
    foreign key (tenant_id, owner_id) references registry.members on delete cascade,
    foreign key (tenant_id, a_id) references app.a on delete cascade);`;

const people = ({ tenant, user, other, keys }: Sides['own']): string => `
  insert into registry.tenants (id, slug, name) values ('${tenant}', 't-${tenant}', 'T');
  insert into registry.users (id, handle) values ('${user}', '${user}'), ('${other}', '${other}');
  insert into registry.members (tenant_id, user_id, role) values ('${tenant}', '${user}', 'admin'), ('${tenant}', '${other}', 'member');
  ${names
    .map(
      (table) => `insert into app.${table} (tenant_id, id, owner_id) values
    ('${tenant}', ${keys['app.a']?.id ?? ''}, '${user}'), ('${tenant}', gen_random_uuid(), '${other}');`,
    )
    .join('\n')}`;
