import type { DatabaseSettings } from '../../settings/database';
import type { FileContent, SecretSource } from '../service';
import { databasePaths, file, secretFile } from './paths';

/**
 * Where backups go: a bucket of an object store.
 *
 * pgBackRest speaks plain HTTP to it from 2.58 on (`http://object-store:3900`); older ones need `https://…`.
 */
export interface Repository {
  /** With its scheme, such as `http://object-store:3900` or `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly keyId: SecretSource;
  readonly secretKey: SecretSource;
  /** The certificate of an `https` endpoint is signed by the platform's own authority. */
  readonly ownAuthority?: boolean;
}

/**
 * Where backups go. On the data's own volume they help against a dropped table, not against a lost disk; with `none` no
 * log is archived either, because it would pile up where nobody takes it.
 */
export type BackupPlace = Repository | 'volume' | 'none';

/** pgBackRest's name for the one cluster that it backs up. */
export const stanza = 'strata';

export const configurationFile = 'pgbackrest.conf';

/** Tells every pgbackrest of a container where its configuration is. */
export const backupEnvironment = { PGBACKREST_CONFIG: file(configurationFile) };

/** The file by which pgBackRest knows the store's certificate, where that is the platform's own. */
export function repositoryAuthority(place: BackupPlace): Readonly<Record<string, SecretSource>> {
  return typeof place === 'object' && place.ownAuthority
    ? { AUTHORITY: { authority: 'certificate' } }
    : {};
}

/**
 * pgbackrest.conf, for the server that archives and for the backup beside it.
 */
export function renderRepository(
  { keepFull }: DatabaseSettings['backup'],
  where: Repository | 'volume',
): FileContent {
  const place = where === 'volume' ? volume : objectStore(where);
  const options = {
    ...place.options,
    'repo1-cipher-type': 'aes-256-cbc',
    'repo1-cipher-pass': '{{CIPHER}}',
    'repo1-retention-full': String(keepFull),
    'repo1-bundle': 'y',
    'compress-type': 'zst',
    'start-fast': 'y',
    'process-max': '2',
    'archive-timeout': '120',
    // It tries three times; a store that is away is named within minutes.
    'io-timeout': '20',
    // Containers log to their output; nothing else of these is worth keeping.
    'log-level-console': 'info',
    'log-level-file': 'off',
    'lock-path': '/tmp/pgbackrest',
  };
  const template = [
    '[global]',
    ...Object.entries(options).map(([name, value]) => `${name}=${value}`),
    `[${stanza}]`,
    `pg1-path=${databasePaths.data}`,
    `pg1-socket-path=${databasePaths.sockets}`,
    'pg1-user=postgres',
    '',
  ].join('\n');
  return { template, secrets: { ...place.secrets, CIPHER: { platform: 'backup-cipher' } } };
}

interface Place {
  readonly options: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

const volume: Place = {
  options: { 'repo1-type': 'posix', 'repo1-path': databasePaths.repository },
  secrets: {},
};

function objectStore(repository: Repository): Place {
  const { endpoint, bucket, region, keyId, secretKey, ownAuthority } = repository;
  const { protocol, hostname, port } = new URL(endpoint);
  return {
    options: {
      'repo1-type': 's3',
      'repo1-path': '/database',
      // Without a scheme it is TLS, which versions before 2.58 take too.
      'repo1-s3-endpoint': protocol === 'http:' ? `http://${hostname}` : hostname,
      ...(port && { 'repo1-storage-port': port }),
      'repo1-s3-uri-style': 'path',
      'repo1-s3-bucket': bucket,
      'repo1-s3-region': region,
      'repo1-s3-key': '{{KEY_ID}}',
      'repo1-s3-key-secret': '{{SECRET_KEY}}',
      ...(ownAuthority && { 'repo1-storage-ca-file': secretFile('AUTHORITY') }),
    },
    secrets: { KEY_ID: keyId, SECRET_KEY: secretKey },
  };
}
