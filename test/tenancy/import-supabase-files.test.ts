import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { s3Source } from '../../engine/commands/import-supabase-files';
import { importTenant } from '../../provider/tenancy/import';
import { bucketStore } from '../../provider/tenancy/stores/bucket';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { fetchedFile, fetchFiles } from '../../provider/tenancy/supabase/fetch-files';
import { planFiles } from '../../provider/tenancy/supabase/files';
import { planImport } from '../../provider/tenancy/supabase/plan';
import { readProject } from '../../provider/tenancy/supabase/source';
import { writeTenants } from '../../provider/tenancy/supabase/write';
import { OneCluster } from './support/one-cluster';
import { S3Folder, s3StandIn } from './support/s3';
import { ids, sqlIn, standInProject } from './support/supabase-project';

let cluster: OneCluster;
let theirs: S3Folder;
let ours: S3Folder;
let folder: string;

const file = (n: number): string => `d0000000-0000-4000-8000-00000000000${String(n)}`;
const choices = {
  tenant: { column: 'org_id', members: 'memberships' },
  slugs: { [ids.acme]: 'acme', [ids.globex]: 'globex' },
  leave: [],
};
const places = { 'docs/acme': 'acme', 'docs/globex': 'globex', avatars: 'acme', tmp: null };

beforeAll(async () => {
  cluster = await OneCluster.start();
  // The storage service writes them when it starts.
  await cluster.admin.query(
    'insert into storage.limits (file_bytes, tenant_bytes, tenant_files, user_bytes, user_files) values (1000, 1000, 10, 1000, 10)',
  );
  await standInProject(cluster.server, 'project');
  await sqlIn(
    cluster.server,
    'project',
    `create schema storage;
     create table storage.objects (id uuid primary key, bucket_id text, name text, owner uuid, owner_id text,
       created_at timestamptz default now(), metadata jsonb);
     insert into storage.objects (id, bucket_id, name, owner_id, created_at, metadata) values
       ('${file(1)}', 'docs', 'acme/2024/plan.pdf', '${ids.ann}', '2025-01-02T03:04:05Z', '{"size": 4, "mimetype": "application/pdf"}'),
       ('${file(2)}', 'docs', 'globex/rain.txt', '${ids.ann}', '2025-01-02T03:04:05Z', '{"size": 6, "mimetype": "text/plain"}'),
       ('${file(3)}', 'avatars', 'b/bob.png', '${ids.bob}', '2025-01-02T03:04:05Z', '{"size": 3, "mimetype": "not one"}'),
       ('${file(4)}', 'tmp', 'scratch', null, now(), '{"size": 9}')`,
  );
});

afterAll(() => cluster.stop());

beforeEach(async () => {
  theirs = await S3Folder.start();
  ours = await S3Folder.start();
  theirs.put('acme/2024/plan.pdf', 'plan');
  theirs.put('globex/rain.txt', 'it pou');
  theirs.put('b/bob.png', 'bob');
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-supabase-files-'));
});

afterEach(async () => {
  await Promise.all([theirs.stop(), ours.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const source = () =>
  s3Source({
    SUPABASE_S3_ENDPOINT: theirs.endpoint,
    SUPABASE_S3_REGION: 'local',
    SUPABASE_S3_ACCESS_KEY: 'key',
    SUPABASE_S3_SECRET_KEY: 'secret',
  });
const planned = (given: Readonly<Record<string, string | null>>) =>
  readProject(cluster.server.url('postgres', 'project'), async (client) => {
    const plan = await planImport(client, cluster.platform, choices);
    return { plan, files: await planFiles(client, plan.tenants, given) };
  });

describe(`files of a stand-in for a Supabase project ${s3StandIn}`, () => {
  test('are the tenant’s whose place says so, kept by members of it alone, and none is guessed', async () => {
    const { files } = await planned(places);
    const found = [...files.byTenant].flatMap(([slug, its]) =>
      its.map(({ id, name, owner, mimeType }) => [slug, id, name, owner, mimeType]),
    );
    expect(files.problems).toEqual([]);
    expect(found).toEqual([
      ['acme', file(1), 'plan.pdf', ids.ann, 'application/pdf'],
      ['acme', file(3), 'bob.png', ids.bob, 'application/octet-stream'],
      ['globex', file(2), 'rain.txt', null, 'text/plain'],
    ]);
    const { files: fewer } = await planned({ 'docs/acme': 'acme', avatars: 'initech' });
    expect(fewer.problems).toEqual([
      'no tenant initech comes: --files names it',
      '1 files of the bucket docs are in no place that --files names',
      '1 files of the bucket tmp are in no place that --files names',
    ]);
  });

  test('become files under the policies of storage, with their objects', async () => {
    const { files } = await planned(places);
    const all = [...files.byTenant.values()].flat();
    expect(await fetchFiles(source(), all, folder)).toEqual({ came: 3, there: 0 });
    const folders = await readProject(cluster.server.url('postgres', 'project'), async (client) => {
      const plan = await planImport(client, cluster.platform, choices);
      return writeTenants(client, cluster.platform, plan, 'org_id', folder, files);
    });
    const stores = [postgresStore(cluster.platform), bucketStore(ours.places)];
    for (const one of folders)
      await importTenant(cluster.platform, stores, one, { model: 'shared' });
    expect(ours.keys()).toEqual(
      [`${ids.acme}/${file(1)}`, `${ids.acme}/${file(3)}`, `${ids.globex}/${file(2)}`].sort(),
    );
    const { rows } = await cluster.admin.query(
      'select tenant_id, id, owner_id, name, size::int, visibility, status from storage.files order by id',
    );
    expect(rows.map((row: object) => Object.values(row) as unknown[])).toEqual([
      [ids.acme, file(1), ids.ann, 'plan.pdf', 4, 'private', 'ready'],
      [ids.globex, file(2), null, 'rain.txt', 6, 'private', 'ready'],
      [ids.acme, file(3), ids.bob, 'bob.png', 3, 'private', 'ready'],
    ]);
  });

  test('that did not all come are gone on with, and one that is not what its row says stops them', async () => {
    const all = [...(await planned(places)).files.byTenant.values()].flat();
    theirs.put('globex/rain.txt', 'it');
    await expect(fetchFiles(source(), all, folder)).rejects.toThrow(
      'The file docs/globex/rain.txt does not come: 2 bytes came, and its row says 6',
    );
    const [first = { id: '' }, , second = { id: '' }] = all;
    expect([
      existsSync(fetchedFile(folder, first)),
      existsSync(fetchedFile(folder, second)),
    ]).toEqual([true, false]);
    theirs.put('globex/rain.txt', 'it pou');
    expect(await fetchFiles(source(), all, folder)).toEqual({ came: 1, there: 2 });
    expect(statSync(fetchedFile(folder, second)).mode & 0o777).toBe(0o600);
  });

  test('do not come without the keys of the project, which the refusal does not show', () => {
    expect(() => s3Source({ SUPABASE_S3_SECRET_KEY: 'hunter2' })).toThrow(
      /^(?!.*hunter2).*SUPABASE_S3_ENDPOINT/,
    );
  });
});
