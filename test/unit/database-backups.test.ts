import { describe, expect, test } from 'vitest';
import { noTables } from '../../components/plan';
import { deployed } from '../../components/services/catalogue';
import { renderRepository, type Repository } from '../../components/services/database/repository';
import type { BucketContent, FileContent, Service } from '../../components/services/service';
import { bucketsOf } from '../../components/services/sources';
import { inOrder } from '../../components/services/order';
import { settingsOf } from '../support/platform';

const docker = { target: 'docker', preset: 'standard' };
const off = { backup: { enabled: false } };
const on = { backup: { enabled: true } };
const s3 = { bucket: 'our-files', accessKey: 's3-id', secretKey: 's3-key', region: 'eu-central-1' };

function deploy(config: Record<string, unknown>): { database: Service; services: Service[] } {
  const secrets = { 's3-id': 'an id', 's3-key': 'a key' };
  const application = {
    settings: settingsOf({ ...docker, secrets, ...config }),
    tenancy: noTables,
    functions: [],
  };
  const { database, services } = deployed(application);
  return { database, services: [...services] };
}

/** pgbackrest.conf of a service as names and values, and the secrets in it; nothing where there is none. */
function repositoryOf(service: Service | undefined) {
  const content = service?.files['pgbackrest.conf'];
  return content === undefined ? undefined : read(content);
}

function read(content: FileContent) {
  if (typeof content === 'string') throw new Error('a repository without a secret');
  const lines = content.template.split('\n').filter((line) => line.startsWith('repo1-'));
  const options = lines.map((line) => line.slice('repo1-'.length).split('=') as [string, string]);
  return { options: Object.fromEntries(options), secrets: content.secrets };
}

const always = {
  bundle: 'y',
  'cipher-pass': '{{CIPHER}}',
  'cipher-type': 'aes-256-cbc',
  'retention-full': '4',
};
const cipher = { platform: 'backup-cipher' };
const inOwnStore = {
  options: {
    ...always,
    type: 's3',
    path: '/database',
    's3-endpoint': 'http://object-store',
    'storage-port': '3900',
    's3-uri-style': 'path',
    's3-bucket': 'strata-backups',
    's3-region': 'garage',
    's3-key': 'GK{{KEY_ID}}',
    's3-key-secret': '{{SECRET_KEY}}',
  },
  secrets: {
    KEY_ID: { platform: 'backup-key-id' },
    SECRET_KEY: { platform: 'backup-key' },
    CIPHER: cipher,
  },
};

const inStoreOfOthers = {
  options: {
    ...always,
    type: 's3',
    path: '/database',
    's3-endpoint': 's3.eu-central-1.amazonaws.com',
    'storage-port': '443',
    's3-uri-style': 'host',
    's3-bucket': 'our-files',
    's3-region': 'eu-central-1',
    's3-key': '{{KEY_ID}}',
    's3-key-secret': '{{SECRET_KEY}}',
  },
  secrets: { KEY_ID: { config: 's3-id' }, SECRET_KEY: { config: 's3-key' }, CIPHER: cipher },
};
const inBucketOfAws = {
  options: {
    ...inStoreOfOthers.options,
    's3-endpoint': 's3.eu-west-1.amazonaws.com',
    's3-bucket': '{{BUCKET}}',
    's3-region': 'eu-west-1',
  },
  secrets: {
    BUCKET: { bucket: 'backups', part: 'name' },
    KEY_ID: { bucket: 'backups', part: 'keyId' },
    SECRET_KEY: { bucket: 'backups', part: 'key' },
    CIPHER: cipher,
  },
};

describe('backups go', () => {
  test.each([
    [
      'to a bucket of their own in the platform’s object store',
      {},
      inOwnStore,
      ['database', 'backup-bucket'],
      ['object-store'],
    ],
    [
      'to the store of somebody else that the settings name, below a path of their own',
      { storage: { store: 's3', s3 } },
      inStoreOfOthers,
      ['database'],
      undefined,
    ],
    [
      'to a bucket of their own that target aws makes',
      { target: 'aws', aws: { region: 'eu-west-1' } },
      inBucketOfAws,
      ['database'],
      undefined,
    ],
    [
      'there too where nobody keeps files',
      { target: 'aws', aws: { region: 'eu-west-1' }, preset: 'minimal', services: on },
      inBucketOfAws,
      ['database'],
      undefined,
    ],
    [
      'to the store of somebody else on target aws too',
      { target: 'aws', storage: { store: 's3', s3 } },
      inStoreOfOthers,
      ['database'],
      undefined,
    ],
    [
      'to the platform’s object store on target aws where its volume is asked for',
      { target: 'aws', aws: { storage: 'vm' } },
      inOwnStore,
      ['database', 'backup-bucket'],
      ['object-store'],
    ],
    [
      'to the platform’s object store where Supabase’s storage alone brings it',
      { services: { storage: { enabled: false }, 'supabase-storage': { enabled: true } } },
      inOwnStore,
      ['database', 'backup-bucket'],
      ['object-store'],
    ],
    [
      'onto the data’s own volume where there is no object store',
      { preset: 'minimal', services: on },
      {
        options: { ...always, type: 'posix', path: '/var/lib/postgresql/backup' },
        secrets: { CIPHER: cipher },
      },
      ['database'],
      undefined,
    ],
    [
      'there too where storage is switched off',
      { services: { storage: { enabled: false } } },
      {
        options: { ...always, type: 'posix', path: '/var/lib/postgresql/backup' },
        secrets: { CIPHER: cipher },
      },
      ['database'],
      undefined,
    ],
  ])('%s, and so does the log', (_where, config, repository, backupNeeds, bucketNeeds) => {
    const { database, services } = deploy(config);
    const backup = services.find(({ name }) => name === 'backup');
    const bucket = services.find(({ name }) => name === 'backup-bucket');
    expect([repositoryOf(database), repositoryOf(backup)]).toEqual([repository, repository]);
    expect([backup?.needs, bucket?.needs]).toEqual([backupNeeds, bucketNeeds]);
    expect(database.files['postgresql.conf']).toContain("archive_mode = 'on'");
    expect(inOrder(services)).toHaveLength(services.length);
  });

  test.each([
    ['switched off', { services: off }],
    ['not in the preset', { preset: 'minimal' }],
  ])(
    'nowhere where they are %s: no log is archived, and nothing is left of them',
    (_why, config) => {
      const { database, services } = deploy(config);
      const names = services.map(({ name }) => name).filter((name) => name.startsWith('backup'));
      const text = JSON.stringify([database, services]);
      expect([names, repositoryOf(database)]).toEqual([[], undefined]);
      expect(database.files['postgresql.conf']).not.toMatch(/^archive/m);
      expect(text).not.toMatch(/backup-cipher|backup-key|PGBACKREST/);
    },
  );
});

describe('the key to the bucket of backups', () => {
  test('is given to the database, the backup beside it and the job that makes it, and to nobody else', () => {
    const { database, services } = deploy({});
    const holders = [database, ...services].filter((service) =>
      JSON.stringify(service).includes('"backup-key"'),
    );
    expect(holders.map(({ name }) => name).sort()).toEqual(['backup', 'backup-bucket', 'database']);
  });

  test('is given on target aws to the database and the backup beside it, and that to the files to nobody of them', () => {
    const { database, services } = deploy({ target: 'aws' });
    const holders = (content: string) =>
      [database, ...services]
        .filter((service) => bucketsOf([service]).includes(content as BucketContent))
        .map(({ name }) => name)
        .sort();
    expect([holders('backups'), holders('storage')]).toEqual([
      ['backup', 'database'],
      ['storage', 'tenants'],
    ]);
  });

  test('comes with the store’s administration to the job alone, which has no volume', () => {
    const { database, services } = deploy({});
    const administers = [database, ...services].filter((service) =>
      JSON.stringify(service).includes('"storage-admin"'),
    );
    const job = services.find(({ name }) => name === 'backup-bucket');
    expect(administers.map(({ name }) => name).sort()).toEqual([
      'backup-bucket',
      'object-store',
      'storage',
      'tenants',
    ]);
    expect([job?.kind, job?.user, job?.volumes, job?.secrets]).toEqual([
      'job',
      '1000:1000',
      undefined,
      { ADMIN_TOKEN: { platform: 'storage-admin' }, KEY: { platform: 'backup-key' } },
    ]);
  });
});

describe('the address of a repository', () => {
  const repository: Omit<Repository, 'endpoint'> = {
    bucket: 'backups',
    region: 'garage',
    pathStyle: true,
    keyId: { config: 'id' },
    secretKey: { config: 'key' },
  };

  test.each([
    ['http://object-store:3900', 'http://object-store', '3900'],
    ['http://minio.example.org', 'http://minio.example.org', '80'],
    ['https://store:8443', 'store', '8443'],
    ['https://s3.example.org', 's3.example.org', '443'],
  ])('%s becomes %s and port %s', (endpoint, host, port) => {
    const { backup } = settingsOf(docker).database;
    const { options } = read(renderRepository(backup, { ...repository, endpoint }));
    expect([options['s3-endpoint'], options['storage-port']]).toEqual([host, port]);
  });

  test('has the bucket in its path where the settings say so, or no certificate could be right', () => {
    const style = (given: object) => {
      const { database } = deploy({ storage: { store: 's3', s3: { ...s3, ...given } } });
      return repositoryOf(database)?.options['s3-uri-style'];
    };
    expect([style({}), style({ pathStyle: true }), style({ bucket: 'our.files' })]).toEqual([
      'host',
      'path',
      'path',
    ]);
  });
});
