import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { importSupabaseCommand } from '../../engine/commands/import-supabase';
import { importTenant } from '../../provider/tenancy/import';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { copyAccounts } from '../../provider/tenancy/supabase/accounts';
import { planImport, type Choices } from '../../provider/tenancy/supabase/plan';
import { readProject } from '../../provider/tenancy/supabase/source';
import { writeTenants } from '../../provider/tenancy/supabase/write';
import { runCommand } from '../support/command';
import { OneCluster } from './support/one-cluster';
import { emptyAuth, hash, ids, sqlIn, standInProject } from './support/supabase-project';

let cluster: OneCluster;
let folder: string;
let number = 0;
let project: string;

const byColumn: Choices = {
  tenant: { column: 'org_id', members: 'memberships' },
  slugs: { [ids.acme]: 'acme', [ids.globex]: 'globex' },
  leave: [],
};

beforeAll(async () => {
  cluster = await OneCluster.start();
});

afterAll(() => cluster.stop());

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-supabase-'));
  project = `project_${(number += 1)}`;
  await standInProject(cluster.server, project);
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  for (const table of ['app.notes', 'app.projects', 'registry.members', 'registry.tenants']) {
    await cluster.admin.query(`delete from ${table}`);
  }
  await cluster.admin.query('delete from registry.users');
});

const url = () => cluster.server.url('postgres', project);
const there = (sql: string) => sqlIn(cluster.server, project, sql);
const plan = (choices: Choices) =>
  readProject(url(), (client) => planImport(client, cluster.platform, choices));
const write = (choices: Choices, to = folder) =>
  readProject(url(), async (client) => {
    const planned = await planImport(client, cluster.platform, choices);
    const column = 'column' in choices.tenant ? choices.tenant.column : undefined;
    return writeTenants(client, cluster.platform, planned, column, to);
  });

async function rows<Row>(sql: string): Promise<Row[]> {
  return (await cluster.admin.query(sql)).rows as Row[];
}

const all = `select t.slug, count(distinct p.id)::int as projects, count(n.id)::int as notes, count(n.author_id)::int as authors
  from registry.tenants t left join app.projects p on p.tenant_id = t.id
  left join app.notes n on n.tenant_id = t.id and n.project_id = p.id group by 1 order by 1`;

describe('a stand-in for a Supabase project', () => {
  test('is planned: tables, rows, tenants, people, and what nobody would guess', async () => {
    const { tenants, tables, problems, notes } = await plan(byColumn);
    expect(problems).toEqual([]);
    expect(tables.map(({ from, rows: counts }) => [from, Object.fromEntries(counts)])).toEqual([
      ['projects', { [ids.acme]: 1, [ids.globex]: 1 }],
      ['notes', { [ids.acme]: 50, [ids.globex]: 1 }],
    ]);
    expect(
      tenants.map(({ slug, id, members }) => [
        slug,
        id,
        members.map(({ handle, role }) => `${handle} ${role}`).sort(),
      ]),
    ).toEqual([
      ['acme', ids.acme, ['ann@acme.test admin', 'bob@acme.test member']],
      ['globex', ids.globex, ['gus@globex.test admin']],
    ]);
    expect(notes).toEqual([
      'projects.created_at is not there: (now())::timestamp with time zone',
      '1 of the 4 people never confirmed their address',
      '1 people belong to no tenant, and do not come',
    ]);
  });

  test.each(['shared', 'schema'] as const)(
    'becomes tenants of model %s, each row its own tenant’s',
    async (model) => {
      const folders = await write(byColumn);
      expect(folders.map((one) => path.basename(one))).toEqual(['acme', 'globex']);
      for (const one of folders) {
        await importTenant(cluster.platform, [postgresStore(cluster.platform)], one, { model });
      }
      if (model === 'shared') {
        expect(await rows(all)).toEqual([
          { slug: 'acme', projects: 1, notes: 50, authors: 50 },
          { slug: 'globex', projects: 1, notes: 1, authors: 1 },
        ]);
        expect(
          await rows(
            "select body, author_id, created_at at time zone 'UTC' as at from app.notes where body like '% 7'",
          ),
        ).toEqual([{ body: 'note\n\t\\ 7', author_id: ids.bob, at: expect.any(Date) as Date }]);
      }
      expect(
        await rows('select id, slug, status, model from registry.tenants order by slug'),
      ).toEqual([
        { id: ids.acme, slug: 'acme', status: 'active', model },
        { id: ids.globex, slug: 'globex', status: 'active', model },
      ]);
      expect(await rows('select id, handle from registry.users order by id')).toEqual([
        { id: ids.ann, handle: 'ann@acme.test' },
        { id: ids.bob, handle: 'bob@acme.test' },
        { id: ids.gus, handle: 'gus@globex.test' },
      ]);
    },
  );

  test('becomes one tenant, where everybody is a member', async () => {
    const tenant = { slug: 'all', admins: ['ann@acme.test'] };
    const leave = ['memberships', 'projects.org_id', 'notes.org_id'];
    const [one = ''] = await write({ tenant, slugs: {}, leave });
    await importTenant(cluster.platform, [postgresStore(cluster.platform)], one, {
      model: 'shared',
    });
    expect(await rows(all)).toEqual([{ slug: 'all', projects: 2, notes: 51, authors: 51 }]);
    expect(
      await rows('select role, count(*)::int from registry.members group by 1 order by 1'),
    ).toEqual([
      { role: 'admin', count: 1 },
      { role: 'member', count: 3 },
    ]);
  });

  test('is not changed by any of it', async () => {
    await expect(
      readProject(url(), (client) => client.query('delete from public.notes')),
    ).rejects.toThrow('read-only transaction');
  });

  test('with row level security that would hide rows is refused, not copied by half', async () => {
    await there(`create role reader_${number} login; grant usage on schema public, auth to reader_${number};
      grant select on all tables in schema public, auth to reader_${number};
      alter table public.notes enable row level security; create policy few on public.notes using (body = 'rain')`);
    const limited = cluster.server.url(`reader_${number}`, project);
    await expect(
      readProject(limited, (client) => planImport(client, cluster.platform, byColumn)),
    ).rejects.toThrow('row-level security');
  });

  test.each([
    [
      'a table that is not declared',
      'create table public.invoices (id int, org_id uuid)',
      'public.invoices has no place here',
    ],
    [
      'a column that is not here',
      'alter table public.notes add mood text',
      'notes.mood has no place here',
    ],
    [
      'a type that does not fit',
      'alter table public.projects alter name type bytea using null, alter name drop not null',
      'projects.name is bytea there and text here',
    ],
    [
      'a table without the tenant’s column',
      'alter table public.notes drop org_id',
      'public.notes has no column org_id',
    ],
    [
      'rows of nobody',
      'update public.notes set org_id = null',
      '51 rows of public.notes say of no tenant',
    ],
    [
      'rows that name a stranger',
      `update public.notes set author_id = '${ids.eve}'`,
      '51 rows of public.notes name in author_id',
    ],
    [
      'a person of another tenant',
      `update public.notes set author_id = '${ids.gus}' where body <> 'rain'`,
      '50 rows of public.notes name in author_id',
    ],
    [
      'a tenant without an admin',
      "update public.memberships set role = 'member'",
      'acme would have no admin',
    ],
    [
      'a tenant whose name is none',
      `update public.projects set org_id = 'b0000000-0000-4000-8000-000000000009'`,
      '--tenants names another one',
    ],
    [
      'a column that a row here needs',
      'alter table public.notes drop body',
      'notes has no column body there',
    ],
  ])('with %s is refused, and nothing is written', async (_what, change, reason) => {
    await there(change);
    expect((await plan(byColumn)).problems.join('\n')).toContain(reason);
    await expect(write(byColumn)).rejects.toThrow(reason);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that was written by half is told, and written anew elsewhere', async () => {
    await write(byColumn);
    await expect(write(byColumn)).rejects.toThrow('is not empty');
    rmSync(path.join(folder, 'acme', 'manifest.json'));
    await expect(write(byColumn)).rejects.toThrow('was not finished');
    const half = importTenant(
      cluster.platform,
      [postgresStore(cluster.platform)],
      path.join(folder, 'acme'),
      { model: 'shared' },
    );
    await expect(half).rejects.toThrow('was not finished');
    expect(await rows('select from registry.tenants')).toEqual([]);
  });
});

describe('accounts', () => {
  const gotrue = () => cluster.server.url('postgres', `gotrue_${number}`);
  const copy = () => readProject(url(), (client) => copyAccounts(client, gotrue()));
  const asked = (sql: string) => sqlIn(cluster.server, `gotrue_${number}`, sql);

  beforeEach(() => emptyAuth(cluster.server, `gotrue_${number}`));

  test('come with the hashes of their passwords, and without what is under way', async () => {
    expect(await copy()).toEqual([
      { table: 'auth.users', came: 6, there: 0 },
      { table: 'auth.identities', came: 5, there: 0 },
    ]);
    expect(
      await asked(`select email, encrypted_password, recovery_token, confirmation_token, confirmed_at is not null as confirmed
        from auth.users where id in ('${ids.ann}', '${ids.eve}') order by email`),
    ).toEqual([
      {
        email: 'ann@acme.test',
        encrypted_password: hash,
        recovery_token: '',
        confirmation_token: '',
        confirmed: true,
      },
      {
        email: 'eve@nowhere.test',
        encrypted_password: '',
        recovery_token: '',
        confirmation_token: '',
        confirmed: false,
      },
    ]);
  });

  test('that are there already stay as they are', async () => {
    await copy();
    await asked(
      `update auth.users set encrypted_password = 'changed since' where id = '${ids.ann}'`,
    );
    expect(await copy()).toEqual([
      { table: 'auth.users', came: 0, there: 6 },
      { table: 'auth.identities', came: 0, there: 5 },
    ]);
    expect(
      await asked(`select encrypted_password from auth.users where id = '${ids.ann}'`),
    ).toEqual([{ encrypted_password: 'changed since' }]);
  });

  test('whose address another account has are refused, all of them', async () => {
    await asked(`insert into auth.users (id, email) values (gen_random_uuid(), 'gus@globex.test')`);
    await expect(copy()).rejects.toThrow('users_email_partial_key');
    expect(await asked('select count(*)::int from auth.users')).toEqual([{ count: 1 }]);
  });

  test('of an Auth that is too different are refused', async () => {
    await asked('alter table auth.users add tenant text not null');
    await expect(copy()).rejects.toThrow('there is no tenant');
  });
});

describe('npm run import-supabase', () => {
  test.each([
    [
      ['--url', 'postgresql://postgres:hunter2@127.0.0.1/x', '--tenant', 'a', '--admin', 'b'],
      'without the password',
    ],
    [['--url', 'https://x.supabase.co', '--tenant', 'a', '--admin', 'b'], 'is to be postgresql://'],
    [['--url', 'postgresql://p@127.0.0.1/x'], 'Whose are the rows?'],
    [['--url', 'postgresql://p@127.0.0.1/x', '--tenant', 'a'], 'needs an --admin'],
    [
      [
        '--url',
        'postgresql://p@127.0.0.1/x',
        '--tenant',
        'a',
        '--admin',
        'b',
        '--tenant-column',
        'c',
      ],
      'Whose are the rows?',
    ],
    [
      ['--url', 'postgresql://p@127.0.0.1/x', '--tenant', 'a', '--admin', 'b', '--accounts'],
      'needs --out',
    ],
  ])('%j is refused with what to do, and shows no password', async (args, words) => {
    const { error, stdout } = await runCommand(importSupabaseCommand(), ...args);
    expect(String(error)).toContain(words);
    expect(`${String(error)}${stdout}`).not.toContain('hunter2');
    expect(existsSync(path.join(folder, 'acme'))).toBe(false);
  });
});

test('what is written is for its owner alone, and holds no password', async () => {
  const [acme = ''] = await write(byColumn);
  const files = readdirSync(acme, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const text = files
    .map((one) => readFileSync(path.join(one.parentPath, one.name), 'utf8'))
    .join('\n');
  expect(text).toContain('ann@acme.test');
  expect(text).not.toContain(hash);
  expect(text).not.toContain('gus@globex.test');
});
