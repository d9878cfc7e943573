import type { DatabaseSettings } from '../../settings/database';
import type { FileContent, SecretSource } from '../service';
import { file } from '../paths';
import { databasePaths } from './paths';

/**
 * Where backups go: the folder `/database` of a bucket that is there.
 *
 * pgBackRest speaks plain HTTP to it from 2.58 on (`http://object-store:3900`); older ones need `https://…`.
 */
export interface Repository {
  /** With its scheme, such as `http://object-store:3900` or `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  /** Its name; or who knows it. */
  readonly bucket: string | SecretSource;
  readonly region: string;
  /** The bucket stands in the path, not before the host's name. */
  readonly pathStyle: boolean;
  readonly keyId: SecretSource;
  /** What stands before `keyId`. */
  readonly keyIdPrefix?: string;
  readonly secretKey: SecretSource;
}

/**
 * Where backups go. On the data's own volume they help against a dropped table, not against a lost volume; with `none`
 * no log is archived either, because it would pile up where nobody takes it.
 */
export type BackupPlace = Repository | 'volume' | 'none';

/** pgBackRest's name for the one cluster that it backs up. */
export const stanza = 'strata';

export const configurationFile = 'pgbackrest.conf';

/** Tells every pgbackrest of a container where its configuration is. */
export const backupEnvironment = { PGBACKREST_CONFIG: file(configurationFile) };

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
  const { endpoint, bucket, region, pathStyle, keyId, keyIdPrefix = '', secretKey } = repository;
  const { protocol, hostname, port } = new URL(endpoint);
  const plain = protocol === 'http:';
  return {
    options: {
      'repo1-type': 's3',
      'repo1-path': '/database',
      'repo1-s3-endpoint': plain ? `http://${hostname}` : hostname,
      'repo1-storage-port': port || (plain ? '80' : '443'),
      'repo1-s3-uri-style': pathStyle ? 'path' : 'host',
      'repo1-s3-bucket': typeof bucket === 'string' ? bucket : '{{BUCKET}}',
      'repo1-s3-region': region,
      'repo1-s3-key': `${keyIdPrefix}{{KEY_ID}}`,
      'repo1-s3-key-secret': '{{SECRET_KEY}}',
    },
    secrets: {
      ...(typeof bucket !== 'string' && { BUCKET: bucket }),
      KEY_ID: keyId,
      SECRET_KEY: secretKey,
    },
  };
}
