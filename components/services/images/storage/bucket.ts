import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { readSecret } from '../shared/environment';
import { clientFactory } from './client';
import type { Place, Places } from './store';

interface Options {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What the environment says of the bucket: its key, and its name unless the rules have it. */
export function bucketFromEnvironment({
  bucket,
}: {
  readonly bucket?: string | undefined;
}): Pick<Options, 'bucket' | 'accessKeyId' | 'secretAccessKey'> {
  return {
    bucket: bucket ?? readSecret('S3_BUCKET'),
    accessKeyId: readSecret('S3_ACCESS_KEY'),
    secretAccessKey: readSecret('S3_SECRET_KEY'),
  };
}

/** Any S3 that somebody else runs: one bucket that is there already, with a prefix for each tenant. */
export function oneBucket(options: Options): Places {
  const place: Place = { client: clientFactory()(options), bucket: options.bucket };
  return {
    of: () => Promise.resolve(place),
    async check() {
      await place.client.send(new HeadBucketCommand({ Bucket: place.bucket }));
    },
  };
}
