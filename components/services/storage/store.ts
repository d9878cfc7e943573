import { hasBuckets } from '../../settings/aws';
import type { Settings } from '../../settings/schema';
import type { BucketContent, SecretSource } from '../service';

/** A bucket of S3 that is there before any service starts, and what opens it. */
export interface Bucket {
  /** AWS itself when not given. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** Its name; or who knows it, where only the target does. */
  readonly bucket: string | SecretSource;
  /** The bucket stands in the path, not before the host's name. */
  readonly pathStyle: boolean;
  readonly keyId: SecretSource;
  readonly key: SecretSource;
}

type Chosen = Pick<Settings, 'target' | 'aws' | 'storage'>;

/**
 * Where what is to be kept in a bucket is: in the one that the settings name, for files and backups; in one that the
 * target makes, each its own. Nothing where the platform's own object store has it.
 */
export function bucketFor(content: BucketContent, settings: Chosen): Bucket | undefined {
  const { store, s3 } = settings.storage;
  if (store === 's3' && s3) {
    const { endpoint, region, bucket, pathStyle } = s3;
    const keys = { keyId: { config: s3.accessKey }, key: { config: s3.secretKey } };
    return { endpoint, region, bucket, pathStyle, ...keys };
  }
  if (!hasBuckets(settings)) return undefined;
  return {
    region: settings.aws.region,
    bucket: { bucket: content, part: 'name' },
    pathStyle: false,
    keyId: { bucket: content, part: 'keyId' },
    key: { bucket: content, part: 'key' },
  };
}
