import { request } from 'node:http';
import { Readable } from 'node:stream';
import { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../components/services/images/storage/database';
import { garage } from '../../components/services/images/storage/garage';
import { ObjectStore } from '../../components/services/images/storage/store';
import { Sweeper } from '../../components/services/images/storage/sweeper';
import { adminToken, master, noGarage } from '../support/storage';
import { StorageWorld } from '../support/storage-world';
import type { StorageClient } from '../support/storage-client';
import { until } from '../support/until';

let storage: StorageWorld;
let pool: Pool;
let database: Database;
let store: ObjectStore;
let tenantId: string;

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('recovery');
  pool = new Pool({ connectionString: storage.postgres.url('strata_authenticator', 'storage') });
  database = new Database(pool);
  store = new ObjectStore(
    garage({
      endpoint: storage.store.s3,
      adminEndpoint: storage.store.admin,
      region: 'garage',
      adminToken,
      master,
      quota: { bytes: 100_000_000, objects: 1000 },
    }),
  );
  tenantId = storage.world.acme.id;
});

afterAll(async () => {
  if (noGarage !== undefined) return;
  await pool.end();
  await storage.stop();
});

beforeEach(async () => {
  if (noGarage !== undefined) return;
  await storage.rows("update storage.files set status = 'deleting'");
  await storage.rows('delete from storage.files');
  for await (const { id } of store.list(tenantId)) await store.remove(tenantId, id);
});

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

async function status(id: string): Promise<unknown> {
  return (await storage.rows('select status from storage.files where id = $1', [id]))[0]?.status;
}

/** Makes an hour pass for what is unfinished. */
async function expire(): Promise<void> {
  await storage.rows(
    "set session_replication_role = replica; update storage.files set expires_at = now() - interval '1 second' where expires_at is not null",
  );
}

async function objects(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.list(tenantId)) ids.push(id);
  return ids;
}

async function putObject(id: string, text: string): Promise<void> {
  const body = Readable.from([Buffer.from(text)]);
  await store.put(tenantId, id, body, text.length, new AbortController().signal);
}

/** Kills the service and starts it again with a sweeper that looks each second. */
async function crash(): Promise<StorageClient> {
  await storage.service.stop('SIGKILL');
  await storage.restart({ sweepSeconds: 1 });
  return storage.as('ann');
}

/** An upload whose end waits until it is asked for. */
async function slowUpload(id: string, size: number): Promise<() => void> {
  const token = ((await storage.as('ann')) as unknown as { token: string }).token;
  const upload = request(`${storage.service.url}/storage/files/${id}/content`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-length': size },
  });
  upload.on('error', () => undefined);
  upload.write('x'.repeat(size - 1));
  await until(async () => (await status(id)) === 'uploading');
  return () => upload.end('x');
}

describe.skipIf(noGarage !== undefined)(`a service that is killed${skipped}`, () => {
  test('between the object and the row leaves neither in the end, and gives the room back', async () => {
    const ann = await storage.as('ann');
    const { file } = await ann.announced(100_000);
    const end = await slowUpload(file.id, 100_000);
    const locker = await storage.postgres.connect('postgres', 'storage');
    await locker.query('begin; lock table storage.files in share row exclusive mode');
    end();
    await until(() => store.has(tenantId, file.id));
    await storage.service.stop('SIGKILL');
    await locker.query('rollback');
    expect(await status(file.id)).toBe('uploading');
    expect(await objects()).toEqual([file.id]);

    await storage.restart({ sweepSeconds: 1 });
    await expire();
    await until(async () => (await status(file.id)) === undefined);
    expect(await objects()).toEqual([]);
    expect(
      await storage.rows(
        'select bytes::int, files::int from storage.tenant_usage where tenant_id = $1',
        [tenantId],
      ),
    ).toEqual([{ bytes: 0, files: 0 }]);
  });

  test('in the middle of an upload leaves nothing', async () => {
    const { file } = await (await storage.as('ann')).announced(100_000);
    await slowUpload(file.id, 100_000);
    const ann = await crash();
    expect((await ann.get(file.id)).status).toBe(404);
    await expire();
    await until(async () => (await status(file.id)) === undefined);
    expect(await objects()).toEqual([]);
  });

  test('while it deletes is finished by the next one', async () => {
    const ann = await storage.as('ann');
    const { id } = await ann.store('hello');
    await storage.store.pause();
    void ann.send('DELETE', `/storage/files/${id}`).catch(() => undefined);
    await until(async () => (await status(id)) === 'deleting');
    await storage.service.stop('SIGKILL');
    await storage.store.unpause();
    await storage.restart({ sweepSeconds: 1 });
    expect((await (await storage.as('ann')).get(id)).status).toBe(404);
    await expire();
    await until(async () => (await status(id)) === undefined);
    expect(await objects()).toEqual([]);
  });

  test('has kept what it said was stored', async () => {
    const { id } = await (await storage.as('ann')).store('kept');
    const ann = await crash();
    expect((await ann.get(id)).text).toBe('kept');
  });
});

describe.skipIf(noGarage !== undefined)(`the sweeper${skipped}`, () => {
  const nothing = { unfinished: 0, orphans: 0, missing: 0, found: 0 };

  test('leaves alone what is in order, or may still be finished', async () => {
    const ann = await storage.as('ann');
    const { id } = await ann.store('hello');
    await ann.announced(3);
    const sweeper = new Sweeper({ database, store, orphanAgeMs: 0 });
    expect(await sweeper.sweep()).toEqual(nothing);
    expect(await sweeper.reconcile()).toEqual(nothing);
    expect((await ann.get(id)).text).toBe('hello');
  });

  test('removes an object without a row when it is old enough, and no other', async () => {
    const { id } = await (await storage.as('ann')).store('hello');
    const orphan = '00000000-0000-4000-8000-000000000001';
    const odd = 'not-an-id';
    await putObject(orphan, 'x');
    await putObject(odd, 'x');
    expect(await new Sweeper({ database, store }).reconcile()).toEqual(nothing);
    const old = new Sweeper({ database, store, orphanAgeMs: 0 });
    expect(await old.reconcile()).toEqual({ ...nothing, orphans: 2 });
    expect(await objects()).toEqual([id]);
  });

  test('says of a row that its object is missing, and takes it back when it is found', async () => {
    const ann = await storage.as('ann');
    const files = [await ann.store('hello'), await ann.store('world')];
    const [lost, kept] = files.map(({ id }) => id).sort() as [string, string];
    await store.remove(tenantId, lost);
    const sweeper = new Sweeper({ database, store, orphanAgeMs: 0 });
    expect(await sweeper.reconcile()).toEqual({ ...nothing, missing: 1 });
    expect(await ann.get(lost)).toMatchObject({ status: 410, code: 'content_missing' });
    expect(await status(kept)).toBe('ready');
    await putObject(lost, 'again');
    expect(await sweeper.reconcile()).toEqual({ ...nothing, found: 1 });
    expect((await ann.get(lost)).status).toBe(200);
  });

  test('spares a file that came while it looked', async () => {
    const ann = await storage.as('ann');
    let late = '';
    const looked = Object.assign(Object.create(store) as ObjectStore, {
      async *list(tenant: string) {
        if (tenant === tenantId) late = (await ann.store('late')).id;
        return yield* store.list(tenant);
      },
    });
    const sweeper = new Sweeper({ database, store: looked, orphanAgeMs: 0 });
    expect(await sweeper.reconcile()).toEqual(nothing);
    expect((await ann.get(late)).text).toBe('late');
  });

  test('works beside another one', async () => {
    const ann = await storage.as('ann');
    for (let n = 0; n < 10; n += 1) await ann.announced(3);
    await expire();
    const both = [0, 1].map(() => new Sweeper({ database, store }).sweep());
    const swept = await Promise.all(both);
    expect(swept.reduce((sum, { unfinished }) => sum + unfinished, 0)).toBe(10);
    expect(await storage.rows('select id from storage.files')).toEqual([]);
  });

  test('leaves no trace of a user in the audit log', async () => {
    const { file } = await (await storage.as('ann')).announced(3);
    await expire();
    await new Sweeper({ database, store }).sweep();
    const logged = await storage.rows(
      "select user_id, member_role from audit.log where operation = 'delete' and keys @> $1",
      [JSON.stringify([{ id: file.id }])],
    );
    expect(logged).toEqual([{ user_id: null, member_role: 'admin' }]);
  });
});
