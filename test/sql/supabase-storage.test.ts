import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statements } from '../../components/services/images/supabase-storage/policies';
import { vendorRole, vendors } from '../../components/services/vendors';
import { claimsFor } from '../../components/services/images/shared/claims';
import { readCatalogue } from '../../provider/audit/read';
import { roles } from '../../provider/audit/roles';
import { vendorDatabase } from '../../provider/database/vendor';
import { contextFor } from '../support/local';
import { storageTables } from '../support/storage-tables';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

const role = vendorRole('supabase-storage');
const acme = randomUUID();
const globex = randomUUID();

let server: Server;
let admin: Client;
let owner: Client;

const inputs = () => ({
  url: server.url('postgres', 'strata'),
  cluster: 'test',
  name: role,
  password: 'p'.repeat(40),
  setup: [...vendors['supabase-storage'].setup],
  connections: vendors['supabase-storage'].connections,
  becomes: [...(vendors['supabase-storage'].becomes ?? [])],
});

beforeAll(async () => {
  server = await startServer();
  const root = await server.connect('postgres', 'postgres');
  await root.query('create database strata');
  await installPlatform(server, 'strata');
  await vendorDatabase.create(inputs(), contextFor('vendor'));
  admin = await server.connect('postgres', role);
  owner = await server.connect(role, role);
  for (const statement of storageTables) await owner.query(statement);
  await owner.query(['begin', ...statements, 'commit'].join(';\n'));
});

afterAll(() => server.stop());

beforeEach(async () => {
  await admin.query('truncate storage.buckets cascade');
  for (const tenant of [acme, globex]) {
    await admin.query('insert into storage.buckets (id, name) values ($1, $1)', [tenant]);
    await admin.query("insert into storage.objects (bucket_id, name) values ($1, 'a.txt')", [
      tenant,
    ]);
  }
});

type Who = 'admin' | 'member';

/** A stand-in for the service's transaction: its login, the role and the claims of the token (id 56739901030). */
async function as<Row extends object>(
  tenant: string | undefined,
  statement: string,
  values: readonly unknown[] = [],
  who: Who = 'admin',
  given = 'strata_tenant',
): Promise<Row[]> {
  const claims = tenant ? claimsFor({ tenantId: tenant, userId: randomUUID(), role: who }) : {};
  await owner.query('begin');
  try {
    await owner.query(
      "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)",
      [given, JSON.stringify(claims)],
    );
    const { rows } = await owner.query<Row>(statement, [...values]);
    await owner.query('commit');
    return rows;
  } catch (error) {
    await owner.query('rollback');
    throw error;
  }
}

const bucket = 'insert into storage.buckets (id, name, public) values ($1, $2, $3)';
const object = "insert into storage.objects (bucket_id, name) values ($1, 'b.txt')";

describe('a tenant of a stand-in of the tables of Supabase storage', () => {
  test('sees its own buckets and files and no others', async () => {
    expect(await as(acme, 'select id from storage.buckets')).toEqual([{ id: acme }]);
    expect(await as(acme, 'select bucket_id from storage.objects', [], 'member')).toEqual([
      { bucket_id: acme },
    ]);
  });

  test('makes buckets and files of its own', async () => {
    const more = `${acme}-avatars`;
    await as(acme, bucket, [more, more, false]);
    await as(acme, object, [more], 'member');
    expect(
      await as(acme, 'delete from storage.objects where bucket_id = $1 returning name', [more]),
    ).toEqual([{ name: 'b.txt' }]);
  });

  test.each<[string, string, () => unknown[], Who]>([
    [
      "makes a bucket in another's name",
      bucket,
      () => [`${globex}-x`, `${globex}-x`, false],
      'admin',
    ],
    ['makes a bucket of nobody', bucket, () => ['avatars', 'avatars', false], 'admin'],
    [
      'makes one that only begins like its own',
      bucket,
      () => [`${acme}x`, `${acme}x`, false],
      'admin',
    ],
    [
      'makes one that is called otherwise',
      bucket,
      () => [`${acme}-x`, globex.slice(0, 8), false],
      'admin',
    ],
    ['makes a public bucket as a member', bucket, () => [`${acme}-p`, `${acme}-p`, true], 'member'],
    [
      "makes a public one in another's name",
      bucket,
      () => [`${globex}-p`, `${globex}-p`, true],
      'admin',
    ],
    ['makes a bucket as a member', bucket, () => [`${acme}-m`, `${acme}-m`, false], 'member'],
    ["puts a file into another's bucket", object, () => [globex], 'admin'],
    ['moves a file there', 'update storage.objects set bucket_id = $1', () => [globex], 'admin'],
    [
      'gives its bucket away',
      'update storage.buckets set id = $1 where id = $2',
      () => [`${globex}-y`, acme],
      'admin',
    ],
    ['looks into uploads under way', 'select from storage.s3_multipart_uploads', () => [], 'admin'],
    ['looks into migrations', 'select from storage.migrations', () => [], 'admin'],
    ['makes a table', 'create table storage.mine (id int)', () => [], 'admin'],
  ])('who %s is refused', async (_what, statement, values, who) => {
    await expect(as(acme, statement, values(), who)).rejects.toThrow(
      /row-level security|permission denied|violates foreign key/,
    );
  });

  test('whose admin opens a bucket has it open, and a member does not', async () => {
    const open = 'update storage.buckets set public = true where id = $1 returning public';
    expect(await as(acme, open, [acme], 'member')).toEqual([]);
    expect(await as(acme, open, [acme])).toEqual([{ public: true }]);
    await as(acme, 'update storage.buckets set public = false where id = $1', [acme]);
  });

  test.each([
    "update storage.buckets set public = $2 = 'x' where id = $1 returning id",
    'update storage.objects set name = $2 where bucket_id = $1 returning id',
    "delete from storage.objects where bucket_id = $1 and $2 <> '' returning id",
    "delete from storage.buckets where id = $1 and $2 <> '' returning id",
    'update storage.buckets set file_size_limit = length($2) where id = $1 returning id',
  ])("finds nothing of another's by %s", async (statement) => {
    expect(await as(acme, statement, [globex, 'x'])).toEqual([]);
  });

  test('that is none sees nothing, and neither do the anonymous', async () => {
    expect(await as(undefined, 'select from storage.objects')).toEqual([]);
    await expect(
      as(acme, 'select from storage.objects', [], 'admin', 'strata_anon'),
    ).rejects.toThrow(/permission denied/);
  });

  test('a token that names another role becomes none', async () => {
    for (const given of [
      'postgres',
      'strata_owner',
      'strata_maintenance',
      'strata_authenticator',
    ]) {
      await expect(as(acme, 'select 1', [], 'admin', given)).rejects.toThrow(/permission denied/);
    }
  });
});

test('the service itself sees all files, by owning the tables', async () => {
  const { rowCount } = await owner.query('select from storage.objects');
  expect(rowCount).toBe(2);
});

test('the fence stands again after a second time, and the login reaches no other database', async () => {
  await owner.query(['begin', ...statements, 'commit'].join(';\n'));
  expect(await as(acme, 'select bucket_id from storage.objects')).toEqual([{ bucket_id: acme }]);
  await expect(server.connect(role, 'strata')).rejects.toThrow(/permission denied for database/);
});

test('the audit of the platform knows what the login may become, and notices what it may not', async () => {
  const client = await server.connect('strata_auditor', 'strata');
  const found = async (): Promise<string[]> =>
    roles(await readCatalogue(client, []))
      .filter(({ object }) => object === `role ${role}`)
      .map(({ id }) => id);
  expect(await found()).toEqual([]);
  await admin.query(`alter role ${role} inherit; grant strata_tenant to ${role} with admin option`);
  expect(await found()).toContain('membership-admin');
  await admin.query(`revoke admin option for strata_tenant from ${role}`);
  await admin.query(`grant strata_owner to ${role}`);
  expect(await found()).toContain('membership');
  await admin.query(`revoke strata_owner from ${role}`);
  await vendorDatabase.create(inputs(), contextFor('vendor'));
  expect(await found()).toEqual([]);
});

test('a login that may be more than it was given does not come up', async () => {
  await admin.query(`grant strata_maintenance to ${role}`);
  await expect(vendorDatabase.create(inputs(), contextFor('vendor'))).rejects.toThrow(
    /membership in strata_maintenance/,
  );
  await admin.query(`revoke strata_maintenance from ${role}`);
  await vendorDatabase.create(inputs(), contextFor('vendor'));
});

test.each<[string, string, () => Promise<unknown>]>([
  [
    'files are read across buckets',
    'alter policy strata_select on storage.objects using (true)',
    async () => (await as(acme, 'select from storage.objects')).length,
  ],
  [
    'files are written across buckets',
    'alter policy strata_insert on storage.objects with check (true)',
    () => as(acme, object, [globex]).then(() => 2),
  ],
  [
    'row level security is off',
    'alter table storage.objects disable row level security',
    async () => (await as(acme, 'select from storage.objects')).length,
  ],
  [
    "buckets are opened in another's name",
    'alter policy strata_insert on storage.buckets with check (true)',
    () => as(acme, bucket, [`${globex}-p`, `${globex}-p`, true]).then(() => 2),
  ],
])('a mutant is noticed: %s', async (_what, down, attack) => {
  await owner.query(down);
  expect(await attack()).toBe(2);
  await owner.query(['begin', ...statements, 'commit'].join(';\n'));
});
