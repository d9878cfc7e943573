import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { policy, type Statement } from './policy';

export interface BucketArgs {
  /** ARN of the key that encrypts it; S3's own where whoever writes cannot use another. */
  readonly key?: pulumi.Input<string>;
  /** When objects, and when versions of them that were replaced, are removed. */
  readonly lifecycle: Pick<
    aws.types.input.s3.BucketLifecycleConfigurationRule,
    'expiration' | 'noncurrentVersionExpiration'
  >;
  /** Who else may do what in the bucket with this ARN, and who of the account may not. */
  readonly statements?: (bucket: pulumi.Output<string>) => readonly Statement[];
  /** What lies in it cannot be made again: it is not emptied when it is removed, so it cannot be. */
  readonly data?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * A bucket: private, by TLS only, encrypted, with versions. Unless it holds data it is emptied when it is removed.
 *
 * What needs it to be all that waits for the component, not for its name.
 *
 * @example
 * new Bucket('releases', {
 *   key, lifecycle: { noncurrentVersionExpiration: { noncurrentDays: 90 } },
 * }, { parent })
 */
export class Bucket extends pulumi.ComponentResource {
  /** The bucket's name. */
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Bucket', name, {}, opts);
    const parent = { parent: this };
    // Names of buckets are the whole world's: the engine adds a random part.
    const made = new aws.s3.Bucket(
      name,
      { forceDestroy: args.data !== true, ...(args.tags && { tags: args.tags }) },
      parent,
    );
    const { bucket, arn } = made;
    this.bucket = bucket;
    this.arn = arn;
    new aws.s3.BucketOwnershipControls(
      name,
      { bucket, rule: { objectOwnership: 'BucketOwnerEnforced' } },
      parent,
    );
    const closed = new aws.s3.BucketPublicAccessBlock(
      name,
      {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      parent,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      { bucket, rules: [encryption(args.key)] },
      parent,
    );
    const versions = new aws.s3.BucketVersioning(
      name,
      { bucket, versioningConfiguration: { status: 'Enabled' } },
      parent,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      {
        bucket,
        rules: [
          {
            id: 'age',
            status: 'Enabled',
            filter: { prefix: '' },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
            ...args.lifecycle,
          },
        ],
      },
      { ...parent, dependsOn: versions },
    );
    new aws.s3.BucketPolicy(
      name,
      { bucket, policy: policy([byTls(arn), ...(args.statements?.(arn) ?? [])]) },
      // S3 refuses two changes of a bucket's access at the same time.
      { ...parent, dependsOn: closed },
    );
    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }
}

/** What servers run: old versions stay for as long as anybody may go back to them. */
export function releases(
  name: string,
  key: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): Bucket {
  const lifecycle = {
    noncurrentVersionExpiration: { noncurrentDays: 90, newerNoncurrentVersions: 20 },
  };
  return new Bucket(name, { key, lifecycle }, opts);
}

function encryption(
  key: pulumi.Input<string> | undefined,
): aws.types.input.s3.BucketServerSideEncryptionConfigurationRule {
  const applyServerSideEncryptionByDefault =
    key === undefined
      ? { sseAlgorithm: 'AES256' }
      : { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key };
  // One request to the key for many objects.
  return { applyServerSideEncryptionByDefault, bucketKeyEnabled: key !== undefined };
}

function byTls(bucket: pulumi.Output<string>): Statement {
  return {
    Sid: 'OnlyByTls',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucket, pulumi.interpolate`${bucket}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}
