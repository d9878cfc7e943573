import type { Client } from 'pg';
import { attackSql, claimsOf, type Row, type Sides } from '../../../components/tenancy/attack-sql';
import { refusals, type Attack } from '../../../components/tenancy/attacks';
import { defaultAudience, type Audience } from '../../../components/tenancy/audience';
import { compileTenancy } from '../../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../../components/tenancy/declaration';
import { statements, type TableFence } from '../../../components/tenancy/statements';
import { installPlatform } from '../../sql/support/platform';
import type { Server } from '../../sql/support/server';

/** A declaration that uses every word that there is. */
export const declaration: TenancyDeclaration = {
  tables: {
    'app.folders': {
      columns: ['name', 'parent_id'],
      parents: { parent_id: 'app.folders' },
      read: 'member',
      insert: 'admin',
      update: 'admin',
      delete: 'admin',
    },
    'app.papers': {
      owner: 'author_id',
      hidden: ['score'],
      parents: { folder_id: 'app.folders' },
      personal: { body: 'text' },
      read: 'member',
      insert: 'self',
      update: 'owner',
      delete: { role: 'owner', scope: 'graphql:write' },
    },
    'app.diaries': {
      owner: 'author_id',
      columns: ['body'],
      personal: { body: { value: 'gone' } },
      read: 'owner',
      insert: 'self',
      update: 'owner',
      delete: 'owner',
    },
    'app.safes': {
      columns: ['label', 'secret'],
      hidden: ['secret'],
      read: { role: 'member', scope: 'services:read' },
      insert: { role: 'member', scope: 'graphql:write' },
      update: { role: 'admin', scope: 'services:write' },
      delete: 'nobody',
    },
    'app.drops': { read: 'nobody', insert: 'member', update: 'member', delete: 'nobody' },
    'app.sealed': { read: 'nobody', insert: 'nobody', update: 'nobody', delete: 'nobody' },
  },
  shared: { 'app.countries': 'member', 'app.chores': 'nobody' },
};

const common = `tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(), primary key (tenant_id, id)`;
const author = `author_id uuid default tenancy.require_user_id(),
  foreign key (tenant_id, author_id) references registry.members on delete cascade`;

/** Its tables, in whichever schema the search path names. */
export const tables = `
  create table folders (${common}, name text, parent_id uuid,
    foreign key (tenant_id, parent_id) references folders on delete cascade);
  create table papers (${common}, ${author}, folder_id uuid not null, body text not null, score int,
    foreign key (tenant_id, folder_id) references folders on delete cascade);
  create table diaries (${common}, ${author}, body text not null);
  create table safes (${common}, label text, secret text);
  create table drops (${common}, body text);
  create table sealed (${common}, body text);
  create table countries (code text primary key, name text not null);
  create table chores (id int primary key, name text);
  insert into countries values ('at', 'Austria');
  insert into chores values (1, 'sweep');`;

const ids = {
  acme: '0a000000-0000-4000-8000-000000000001',
  globex: '0b000000-0000-4000-8000-000000000001',
  ann: '0a000000-0000-4000-8000-00000000000a',
  bob: '0a000000-0000-4000-8000-00000000000b',
  gus: '0b000000-0000-4000-8000-00000000000a',
  hal: '0b000000-0000-4000-8000-00000000000b',
} as const;

const folders = {
  [ids.acme]: '0a000000-0000-4000-8000-0000000000ff',
  [ids.globex]: '0b000000-0000-4000-8000-0000000000ff',
};

/** The tenants that share tables, and acme with a schema and a role of its own, in which globex' rows were left behind. */
export const audiences: Readonly<Record<'shared' | 'schema', Audience>> = {
  shared: defaultAudience,
  schema: {
    schema: 't_0a000000000040008000000000000001',
    role: 'strata_t_0a000000000040008000000000000001',
    tenantId: ids.acme,
    hasura: false,
  },
};

export const sides: Sides = {
  own: side(ids.acme, ids.ann, ids.bob),
  victim: side(ids.globex, ids.gus, ids.hal),
};

function side(tenant: keyof typeof folders, user: string, other: string): Sides['own'] {
  const folder: Row = { id: `'${folders[tenant]}'` };
  return {
    tenant,
    user,
    other,
    rows: {
      'app.folders': { name: `'new'` },
      'app.papers': { body: `'new'`, folder_id: `'${folders[tenant]}'` },
      'app.diaries': { body: `'new'` },
      'app.safes': { label: `'new'`, secret: `'new'` },
      'app.drops': { body: `'new'` },
      'app.sealed': { body: `'new'` },
      'app.countries': { code: `'xx'`, name: `'X'` },
      'app.chores': { id: '2', name: `'X'` },
    },
    keys: { 'app.folders': folder },
  };
}

/** A database with the platform, two tenants, their rows at both places, and the fences. */
export async function deployDeclared(server: Server, database: string): Promise<Client> {
  const root = await server.connect('postgres', 'postgres');
  await root.query(`create database ${database}`);
  await installPlatform(server, database);
  const admin = await server.connect('postgres', database);
  const { schema, role } = audiences.schema;
  await admin.query(`
    insert into registry.tenants (id, slug, name) values ('${ids.acme}', 'acme', 'Acme'), ('${ids.globex}', 'globex', 'Globex');
    insert into registry.users (id, handle) values ('${ids.ann}', 'ann'), ('${ids.bob}', 'bob'), ('${ids.gus}', 'gus'), ('${ids.hal}', 'hal');
    insert into registry.members (tenant_id, user_id, role) values ('${ids.acme}', '${ids.ann}', 'admin'),
      ('${ids.acme}', '${ids.bob}', 'member'), ('${ids.globex}', '${ids.gus}', 'admin'), ('${ids.globex}', '${ids.hal}', 'member');
    select strata.make_tenant_role('${ids.acme}', null);
    create schema ${schema} authorization strata_owner;
    grant usage on schema ${schema} to ${role}, strata_maintenance`);
  for (const place of Object.values(audiences)) {
    await admin.query(
      `set role strata_owner; set search_path = ${place.schema}; ${tables}; reset role`,
    );
    await admin.query(
      `set search_path = ${place.schema}; ${rows(ids.acme, ids.ann, ids.bob)}; ${rows(ids.globex, ids.gus, ids.hal)}; reset search_path`,
    );
    await putUp(admin, compileTenancy(declaration, place));
  }
  return admin;
}

/** Puts fences up as the owner, as a deployment does. */
export async function putUp(admin: Client, fences: readonly TableFence[]): Promise<void> {
  const all = fences.flatMap((fence) => statements(fence));
  await admin.query(['begin', 'set local role strata_owner', ...all, 'commit'].join(';'));
}

function rows(tenant: keyof typeof folders, first: string, second: string): string {
  const folder = folders[tenant];
  return `insert into folders (tenant_id, id, name) values ('${tenant}', '${folder}', 'top');
    insert into papers (tenant_id, author_id, folder_id, body, score)
      select '${tenant}', author, '${folder}', 'of ' || author, 7 from unnest(array['${first}', '${second}']::uuid[]) author;
    insert into diaries (tenant_id, author_id, body) select '${tenant}', author, 'of ' || author from unnest(array['${first}', '${second}']::uuid[]) author;
    insert into safes (tenant_id, label, secret) values ('${tenant}', 'one', 'two');
    insert into drops (tenant_id, body) values ('${tenant}', 'drop');
    insert into sealed (tenant_id, body) values ('${tenant}', 'seal')`;
}

/** Those of the attacks that come to something else than they must, each with what it came to. */
export async function surprises(
  client: Client,
  place: keyof typeof audiences,
  attacks: readonly Attack[],
): Promise<string[]> {
  const found: string[] = [];
  for (const attack of attacks) {
    const outcome = await attempt(client, attack, audiences[place]);
    if (outcome !== attack.expect) found.push(`${attack.name}, but: ${outcome}`);
  }
  return found;
}

/** Runs an attack through the authenticator and rolls back. What came of it, or the error's code when it is another one. */
async function attempt(client: Client, attack: Attack, audience: Audience): Promise<string> {
  const { role, claims } = claimsOf(attack, sides, audience);
  return run(
    client,
    role,
    claims,
    attackSql(declaration, attack, sides, audience),
    attack.deed.do === 'refer',
  );
}

/** Runs a statement as a role with claims and rolls back. */
export async function run(
  client: Client,
  role: string,
  claims: Readonly<Record<string, string>> | undefined,
  statement: string,
  refers = false,
): Promise<string> {
  await client.query('begin');
  try {
    if (claims) {
      const payload = JSON.stringify({ 'https://hasura.io/jwt/claims': claims });
      await client.query(`select set_config('request.jwt.claims', $1, true)`, [payload]);
    }
    await client.query(`set local role ${role}`);
    const { rowCount } = await client.query(statement);
    return rowCount ? 'rows' : 'nothing';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const refusal = refers ? [refusals.denied, refusals.noSuchRow] : [refusals.denied];
    return (refusal as (string | undefined)[]).includes(code)
      ? 'refused'
      : `${code ?? ''} ${message}`;
  } finally {
    await client.query('rollback');
  }
}
