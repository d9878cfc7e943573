import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../components/services/database/backup';
import { databasePaths } from '../../components/services/database/paths';
import type { Repository } from '../../components/services/database/repository';
import { databaseServer } from '../../components/services/database/server';
import type { Job, Workload } from '../../components/services/service';
import { Containers } from '../support/containers';
import { noContainers } from '../support/docker-cli';
import { Clients, labImages, labSettings } from '../support/database';
import { madeUpValues } from '../support/values';

const garageImage = 'dxflrs/garage:v2.5.0';
const missing = noContainers(labImages.postgres, labImages.nginx, garageImage);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const settings = labSettings();
const hex = (digits: string, length: number) => digits.repeat(length).slice(0, length);

/** The lab's pgBackRest is older than 2.58, so TLS stands before the store's plain HTTP. */
const repository: Repository = {
  endpoint: 'https://store:8443',
  bucket: 'backups',
  region: 'garage',
  keyId: { config: 'key-id' },
  secretKey: { config: 'secret-key' },
  ownAuthority: true,
};

const bare = { environment: {}, secrets: {}, files: {}, needs: [] } as const;
const idle = { ...bare, kind: 'workload', readsSchema: false, routes: {}, replicas: 1 } as const;

const store: Workload = {
  ...idle,
  name: 'object-store',
  image: garageImage,
  entrypoint: ['/garage', '-c', '/run/strata/files/garage.toml', 'server'],
  files: {
    'garage.toml': [
      'metadata_dir = "/tmp/meta"\ndata_dir = "/tmp/data"\nreplication_factor = 1',
      `rpc_bind_addr = "127.0.0.1:3901"\nrpc_secret = "${hex('ab', 64)}"`,
      '[s3_api]\napi_bind_addr = "0.0.0.0:3900"\ns3_region = "garage"\nroot_domain = ".s3"',
    ].join('\n'),
  },
  scratch: ['/tmp'],
  user: '1000:1000',
  port: 3900,
};

const front: Workload = {
  ...idle,
  name: 'store',
  image: labImages.nginx,
  entrypoint: ['nginx', '-g', 'daemon off;', '-c', '/run/strata/files/nginx.conf'],
  secrets: {
    CERTIFICATE: { certificate: 'store', part: 'certificate' },
    KEY: { certificate: 'store', part: 'key' },
  },
  files: {
    'nginx.conf': `pid /tmp/pid; error_log stderr; events {}
      http {
        access_log off; client_max_body_size 0; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p;
        fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
        server {
          listen 8443 ssl;
          ssl_certificate /run/strata/secrets/CERTIFICATE; ssl_certificate_key /run/strata/secrets/KEY;
          location / { proxy_pass http://object-store:3900; proxy_set_header Host $http_host; }
        }
      }`,
  },
  scratch: ['/tmp'],
  user: '1000:1000',
  port: 8443,
};

/** What an operator runs after a loss, by hand until a later version does it. */
function byHand(server: Workload, name: string, command: string): Job {
  const { kind: _kind, command: _command, healthCommand: _check, ...same } = server;
  const job = { environment: same.environment, secrets: same.secrets, files: same.files };
  return {
    ...job,
    kind: 'job',
    name,
    image: labImages.postgres,
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
    ['in an object store', repository],
    ['on the volume, where there is no object store', 'volume' as const],
  ])('%s', (_where, place) => {
    const server = databaseServer(settings, place);
    const aside = backup(settings, place);
    let containers: Containers;
    let clients: Clients;
    let secrets: string[];
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-backup-'));

    beforeAll(async () => {
      const values = await madeUpValues(['database', 'store']);
      values.set('key-id', `GK${hex('0123456789ab', 24)}`);
      values.set('secret-key', hex('cd', 64));
      secrets = [
        values({ config: 'secret-key' }),
        values({ config: 'wrong' }),
        values({ platform: 'backup-cipher' }),
      ];
      writeFileSync(path.join(folder, 'authority.pem'), values.authority.certificate);
      containers = await Containers.create('t-database-backup-', values);
      clients = new Clients(containers, values, path.join(folder, 'authority.pem'));
      if (place !== 'volume')
        await startStore(
          containers,
          values({ config: 'key-id' }),
          values({ config: 'secret-key' }),
        );
      await containers.run(server, { published: true });
      await clients.makeDatabase();
    });

    afterAll(async () => {
      await clients.close();
      await containers.remove();
      rmSync(folder, { recursive: true });
    });

    test('a new platform has a full backup when it is up, and its figures say so', async () => {
      await containers.run(aside, { published: true });
      const answer = await fetch(`http://127.0.0.1:${await containers.port('backup')}/metrics`);
      const figures = Object.fromEntries(
        (await answer.text())
          .split('\n')
          .filter((line) => line.startsWith('strata_'))
          .map((line) => line.split(' ') as [string, string]),
      );
      const age = Date.now() / 1000 - Number(figures.strata_backup_timestamp_seconds);
      expect(figures).toEqual({
        strata_backup_failing: '0',
        strata_backup_full_timestamp_seconds: figures.strata_backup_timestamp_seconds,
        strata_backup_timestamp_seconds: expect.any(String) as string,
      });
      expect(age).toBeLessThan(120);
    });

    test('nothing of it can be read without the cipher’s key', async () => {
      const client = await clients.connect('database', 'postgres');
      await client.query("create table kept as select 'a-very-plain-word' as word");
      await client.query('select pg_switch_wal()');
      await archived();
      const look =
        place !== 'volume' ? ['object-store', '/tmp/data'] : ['database', databasePaths.repository];
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

    test.runIf(place !== 'volume')(
      'when the repository refuses them the service says so',
      async () => {
        const wrong = { ...repository, secretKey: { config: 'wrong' } };
        await containers.start(backup(settings, wrong), { published: true });
        await expect
          .poll(() => containers.logs('backup'), { timeout: 120_000, interval: 500 })
          .toContain('backup: failed');
        const answer = await fetch(`http://127.0.0.1:${await containers.port('backup')}/metrics`);
        const check = await containers.exec('backup', ...(aside.healthCommand ?? []));
        expect([check.code, await answer.text()]).toEqual([
          1,
          expect.stringContaining('strata_backup_failing 1'),
        ]);
        const log = await containers.logs('backup');
        expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
      },
    );

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

async function startStore(containers: Containers, key: string, secret: string): Promise<void> {
  await containers.run(store);
  const garage = async (...words: readonly string[]) => {
    const command = ['/garage', '-c', '/run/strata/files/garage.toml', ...words];
    const said = await containers.exec('object-store', ...command);
    if (said.code !== 0) throw new Error(`garage ${words.join(' ')}: ${said.stderr}`);
    return said.stdout;
  };
  const node = (await garage('node', 'id', '-q')).split('@')[0] ?? '';
  await garage('layout', 'assign', node.trim(), '-z', 'here', '-c', '1G');
  await garage('layout', 'apply', '--version', '1');
  await garage('bucket', 'create', 'backups');
  await garage('key', 'import', '--yes', '-n', 'backups', key, secret);
  await garage('bucket', 'allow', '--read', '--write', 'backups', '--key', key);
  await containers.run(front);
}
