import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../components/services/database/backup';
import { databasePaths } from '../../components/services/database/paths';
import { bucketJob, ownStore } from '../../components/services/database/place';
import { databaseServer } from '../../components/services/database/server';
import type { Job, Workload } from '../../components/services/service';
import { garage } from '../../components/services/storage/garage';
import {
  vendorNames,
  vendorRole,
  vendors,
  type VendorName,
} from '../../components/services/vendors';
import { programContext, writeContext } from '../../components/targets/context';
import { withClient } from '../../provider/database/connect';
import { vendorDatabase } from '../../provider/database/vendor';
import { Containers } from '../support/containers';
import { docker, must, noContainers } from '../support/docker-cli';
import { Clients, labImages, labSettings } from '../support/database';
import { contextFor } from '../support/local';
import { madeUpValues } from '../support/values';
import { until } from '../support/until';

/** pgBackRest speaks plain HTTP from 2.58 on; test/images/Dockerfile makes an image that has it. */
const images = {
  ...labImages,
  postgres: 'strata-test/postgres:1',
  node: 'strata-test/node:1',
  garage: 'dxflrs/garage:v2.5.0',
};
const missing = noContainers(images.postgres, images.node, images.garage);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const settings = { ...labSettings(), images: { override: images } };
const jobImage = 't-database-backup/bucket:test';
const hex = (digits: string, length: number) => digits.repeat(length).slice(0, length);

/** The catalogue's, whose data are forgotten. */
function storeInMemory(): Workload {
  const { volumes, ...same } = garage(settings);
  return { ...same, scratch: Object.keys(volumes ?? {}) };
}

/** What an operator runs after a loss, by hand until a later version does it. */
function byHand(server: Workload, name: string, command: string): Job {
  const { kind: _kind, command: _command, healthCommand: _check, ...same } = server;
  const job = { environment: same.environment, secrets: same.secrets, files: same.files };
  return {
    ...job,
    kind: 'job',
    name,
    image: images.postgres,
    entrypoint: ['sh', '-c', command],
    volumes: server.volumes ?? {},
    scratch: ['/tmp'],
    user: '999:999',
    needs: [],
    timeoutSeconds: 120,
  };
}

describe.skipIf(missing)(`backups${why}`, () => {
  describe.each([
    ['in the platform’s object store', ownStore],
    ['on the volume, where there is no object store', 'volume' as const],
  ])('%s', (_where, place) => {
    const server = databaseServer(settings, place);
    const aside = backup(settings, place);
    let containers: Containers;
    let clients: Clients;
    let secrets: string[];
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-backup-'));

    beforeAll(async () => {
      const values = await madeUpValues(['database']);
      values.set('backup-key-id', hex('0123456789ab', 24));
      values.set('backup-key', hex('cd', 64));
      values.set('storage-rpc', hex('ab', 64));
      secrets = [
        values({ platform: 'backup-key' }),
        values({ config: 'wrong' }),
        values({ platform: 'backup-cipher' }),
        values({ platform: 'storage-admin' }),
      ];
      writeFileSync(path.join(folder, 'authority.pem'), values.authority.certificate);
      containers = await Containers.create('t-database-backup-', values);
      clients = new Clients(containers, values, path.join(folder, 'authority.pem'));
      // As in a deployment, the database is there before the store.
      await containers.run(server, { published: true });
      await clients.makeDatabase();
      await makeVendors(await clients.url('database', 'postgres'));
      if (place !== 'volume') await startStore(containers, folder);
    });

    afterAll(async () => {
      await clients.close();
      await containers.remove();
      if (place !== 'volume') await docker('rmi', '--force', jobImage);
      rmSync(folder, { recursive: true });
    });

    test('a new platform makes its first full backup without being told, through a restart of its cluster, and its figures say so', async () => {
      await containers.run(aside, { published: true });
      await expect
        .poll(() => containers.logs('backup'), { timeout: 60_000, interval: 50 })
        .toContain('backup command begin');
      await clients.close();
      await containers.drop('database');
      await containers.run(server, { published: true });
      await expect
        .poll(async () => Number((await figures()).strata_backup_full_timestamp_seconds), {
          timeout: 120_000,
        })
        .toBeGreaterThan(Date.now() / 1000 - 120);
      const told = await figures();
      expect(told).toEqual({
        strata_backup_failing: '0',
        strata_backup_full_timestamp_seconds: told.strata_backup_timestamp_seconds,
        strata_backup_timestamp_seconds: expect.any(String) as string,
      });
      expect(await containers.logs('backup')).not.toContain('backup: failed');
    });

    test('nothing of it can be read without the cipher’s key', async () => {
      const client = await clients.connect('database', 'postgres');
      await client.query("create table kept as select 'a-very-plain-word' as word");
      await client.query('select pg_switch_wal()');
      await archived();
      const look =
        place !== 'volume' ? ['object-store', '/data'] : ['database', databasePaths.repository];
      const [service = '', where = ''] = look;
      const found = await containers.exec(
        service,
        'grep',
        '-rlE',
        'a-very-plain-word|PGDMP|"backup',
        where,
      );
      expect(found.stdout).toBe('');
    });

    test('a cluster that is lost comes back with every row that was archived', async () => {
      await clients.close();
      await containers.drop('backup');
      await containers.drop('database');
      const lost = byHand(server, 'loss', `rm -rf ${databasePaths.data}`);
      const restore = byHand(server, 'restore', 'pgbackrest --stanza=strata restore');
      await containers.run(lost);
      await containers.run(restore);
      await containers.run(server, { published: true });
      const client = await clients.connect('database', 'postgres');
      await expect
        .poll(
          async () => (await client.query('select pg_is_in_recovery() as busy')).rows as unknown[],
          {
            timeout: 60_000,
          },
        )
        .toEqual([{ busy: false }]);
      expect((await client.query('select word from kept')).rows).toEqual([
        { word: 'a-very-plain-word' },
      ]);
    });

    test.each(vendorNames)(
      'and with it the database of %s, which its own login opens and no other vendor’s does',
      async (name) => {
        const url = await clients.url('database', 'postgres');
        expect(await wordOf(url, name, name)).toBe(`kept by ${name}`);
        const other = vendorNames.find((vendor) => vendor !== name) ?? name;
        await expect(wordOf(url, other, name)).rejects.toThrow('permission denied for database');
      },
    );

    test('a cluster that restarts is waited for: that is no failure of the backup', async () => {
      await clients.close();
      await containers.drop('database');
      await containers.start(aside, { published: true });
      await until(async () => (await figures()).strata_backup_failing === '0');
      await containers.run(server, { published: true });
      await expect
        .poll(async () => (await containers.exec('backup', ...(aside.healthCommand ?? []))).code, {
          timeout: 60_000,
        })
        .toBe(0);
      expect(await containers.logs('backup')).not.toContain('backup: failed');
      await containers.drop('backup');
    });

    describe.runIf(place !== 'volume')('say that they fail, and show no secret,', () => {
      test('when the store refuses them', async () => {
        const wrong = { ...ownStore, secretKey: { config: 'wrong' } };
        await containers.start(backup(settings, wrong), { published: true });
        expect(await failure()).toContain('HTTP request failed with 403');
      });

      test('when the store is away', async () => {
        await containers.drop('backup');
        await containers.kill('object-store');
        await containers.start(aside, { published: true });
        expect(await failure()).toMatch(/ERROR: .*'object-store'/);
      });

      /** The log of a backup that has failed once, and says so wherever it is asked. */
      async function failure(): Promise<string> {
        await expect
          .poll(() => containers.logs('backup'), { timeout: 240_000, interval: 500 })
          .toContain('backup: failed');
        const answer = await fetch(`http://127.0.0.1:${await containers.port('backup')}/metrics`);
        const check = await containers.exec('backup', ...(aside.healthCommand ?? []));
        expect([check.code, await answer.text()]).toEqual([
          1,
          expect.stringContaining('strata_backup_failing 1'),
        ]);
        const log = await containers.logs('backup');
        expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
        return log;
      }
    });

    async function figures(): Promise<Record<string, string>> {
      const answer = await fetch(`http://127.0.0.1:${await containers.port('backup')}/metrics`);
      const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('strata_'));
      return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
    }

    /** The server has handed over every segment that it has finished. */
    async function archived(): Promise<void> {
      const client = await clients.connect('database', 'postgres');
      const behind = `select last_archived_wal < pg_walfile_name(pg_current_wal_lsn() - 16777216) as behind
        from pg_stat_archiver`;
      await expect
        .poll(async () => (await client.query(behind)).rows as unknown[], { timeout: 60_000 })
        .toEqual([{ behind: false }]);
    }
  });
});

const vendorPassword = 'a-password-of-vendors';

/** The databases of all vendors as a deployment makes them, each with a row of its service. */
async function makeVendors(url: string): Promise<void> {
  await withClient(url, async (admin) => {
    for (const role of ['strata_tenant', 'strata_anon']) await admin.query(`create role ${role}`);
    // As the platform's migrations do.
    await admin.query('revoke all on database strata from public');
  });
  for (const name of vendorNames) {
    const { setup, connections, becomes = [] } = vendors[name];
    await vendorDatabase.create(
      {
        url,
        cluster: 'cluster',
        name: vendorRole(name),
        password: vendorPassword,
        setup: [...setup],
        connections,
        becomes: [...becomes],
      },
      contextFor('vendor'),
    );
    await withClient(inside(url, name, name), async (client) => {
      await client.query('create schema mine');
      await client.query(`create table mine.kept as select 'kept by ${name}' as word`);
    });
  }
}

/** What the service of `login` finds in the database of `name`. */
function wordOf(url: string, login: VendorName, name: VendorName): Promise<string | undefined> {
  return withClient(inside(url, login, name), async (client) => {
    const { rows } = await client.query<{ word: string }>('select word from mine.kept');
    return rows[0]?.word;
  });
}

function inside(admin: string, login: VendorName, name: VendorName): string {
  const url = new URL(admin);
  url.username = vendorRole(login);
  url.password = vendorPassword;
  url.pathname = vendorRole(name);
  return url.href;
}

/** The store, and its bucket as the job makes it in its own image. */
async function startStore(containers: Containers, folder: string): Promise<void> {
  const store = storeInMemory();
  await containers.run(store, { published: true });
  const health = `http://127.0.0.1:${await containers.port(store.name)}${store.health ?? ''}`;
  await until(async () => (await fetch(health)).status === 200);
  const job = bucketJob();
  const context = path.join(folder, 'image');
  writeContext(programContext(job, images.node), context);
  await must('build', '--quiet', '--tag', jobImage, context);
  const command = job.command?.map((word) => word.replace('{program}', '/app'));
  await containers.run({ ...job, command: command ?? [] }, { image: jobImage });
  expect(await containers.logs(job.name)).toContain('the bucket strata-backups is there');
}
