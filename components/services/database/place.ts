import type { Settings } from '../../settings/schema';
import { file } from '../paths';
import type { Job, SecretSource } from '../service';
import { objectStore } from '../storage/garage';
import { bucketFor } from '../storage/store';
import type { Repository } from './repository';

const keyId = { platform: 'backup-key-id' } as const;
const secretKey = { platform: 'backup-key' } as const;
const keyIdFile = 'key-id';

/** The platform's own object store: a bucket of its own, and a key that opens nothing else. */
export const ownStore = {
  endpoint: `http://${objectStore.name}:${objectStore.s3Port}`,
  bucket: 'strata-backups',
  region: objectStore.region,
  pathStyle: true,
  keyId,
  keyIdPrefix: objectStore.keyPrefix,
  secretKey,
} as const satisfies Repository;

/**
 * Where backups go: to the bucket that the settings name or that the target makes, to the platform's own store where it
 * `runs`, and onto the data's own volume where there is none.
 */
export function backupPlace(settings: Settings, runs: boolean): Repository | 'volume' {
  const made = bucketFor('backups', settings);
  if (!made) return runs ? ownStore : 'volume';
  const { region, bucket, keyId, key: secretKey } = made;
  const { endpoint = `https://s3.${region}.amazonaws.com` } = made;
  // No certificate is for a host with the bucket's dots before its name.
  const pathStyle = made.pathStyle || (typeof bucket === 'string' && bucket.includes('.'));
  return { endpoint, bucket, region, pathStyle, keyId, secretKey };
}

export const bucketJobName = 'backup-bucket';

/** Makes the bucket of backups in the platform's own store, and the key that opens it. */
export function bucketJob(): Job {
  return storeJob(bucketJobName, ownStore.bucket, keyId, secretKey);
}

/**
 * Makes a bucket in the platform's own store, and the key that opens it and nothing else. Where they are, nothing
 * changes. Costs one Node process for a moment.
 */
export function storeJob(name: string, bucket: string, id: SecretSource, key: SecretSource): Job {
  return {
    kind: 'job',
    name,
    program: { entries: { 'apply.cjs': 'components/services/images/backup/apply.ts' } },
    command: ['node', '{program}/apply.cjs'],
    environment: {
      ADMIN_ENDPOINT: `http://${objectStore.name}:${objectStore.adminPort}`,
      BUCKET: bucket,
      KEY_ID_FILE: file(keyIdFile),
    },
    secrets: { ADMIN_TOKEN: { platform: 'storage-admin' }, KEY: key },
    files: { [keyIdFile]: { template: `${objectStore.keyPrefix}{{ID}}`, secrets: { ID: id } } },
    user: '1000:1000',
    resources: { memory: '128M' },
    needs: [objectStore.name],
    timeoutSeconds: 60,
  };
}
