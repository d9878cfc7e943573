import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BucketContent } from '../../services/service';
import type { DataBucket as Opened } from '../target';
import { bounded, type Account } from './account';
import { Bucket } from './bucket';
import { keptVersionsDays } from './constants';
import { globalName } from './naming';
import { policy, type Statement } from './policy';

export interface DataBucketArgs {
  readonly account: Account;
  readonly content: BucketContent;
  /** ARN of the key that encrypts it. */
  readonly key: pulumi.Input<string>;
}

/**
 * A bucket of what is to be kept, and a user of IAM whose access key opens it and nothing else: containers do not get at
 * the servers' roles (docs/adr/0031). The user may do nothing before `open`, and never end a version: what whoever steals
 * the key deletes or writes over is there for 30 days.
 *
 * **Cost**: what lies in it, deleted for 30 days too; requests.
 *
 * @example new DataBucket('storage-1', { account, content: 'storage', key }, { parent, protect: true })
 */
export class DataBucket extends pulumi.ComponentResource implements Opened {
  readonly name: pulumi.Output<string>;
  readonly keyId: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;
  private readonly arn: pulumi.Output<string>;
  private readonly user: aws.iam.User;

  constructor(
    private readonly called: string,
    private readonly args: DataBucketArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super('strata:aws:DataBucket', called, {}, opts);
    const { account, content, key } = args;
    const parent = { parent: this };
    this.user = new aws.iam.User(
      called,
      {
        name: globalName(content, account, 64),
        ...bounded(account),
      },
      parent,
    );
    const { arn: user } = this.user;
    const { bucket, arn } = new Bucket(
      called,
      {
        key,
        data: true,
        tags: { service: content },
        lifecycle: {
          expiration: { expiredObjectDeleteMarker: true },
          noncurrentVersionExpiration: { noncurrentDays: keptVersionsDays },
        },
        statements: (made) => [readByUser(made, user), versionsStay(made)],
      },
      parent,
    );
    const access = new aws.iam.AccessKey(called, { user: this.user.name }, parent);
    this.arn = arn;
    this.name = bucket;
    this.keyId = access.id;
    this.key = pulumi.secret(access.secret);
    this.registerOutputs({ name: this.name, keyId: this.keyId, key: this.key });
  }

  /** Lets the user in, from this network alone: elsewhere a stolen key opens nothing. */
  open(vpc: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): pulumi.Resource {
    return new aws.iam.UserPolicy(
      this.called,
      { name: 'use-bucket', user: this.user.name, policy: policy(this.rights(vpc)) },
      opts,
    );
  }

  private rights(vpc: pulumi.Input<string>): Statement[] {
    const { account, key } = this.args;
    const inside = { 'aws:SourceVpc': vpc };
    return [
      {
        Sid: 'List',
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: this.arn,
        Condition: { StringEquals: inside },
      },
      {
        Sid: 'Objects',
        Effect: 'Allow',
        Action: [
          's3:AbortMultipartUpload',
          's3:DeleteObject',
          's3:GetObject',
          's3:ListMultipartUploadParts',
          's3:PutObject',
        ],
        Resource: pulumi.interpolate`${this.arn}/*`,
        Condition: {
          StringEquals: inside,
          // By the bucket's own key: with a thief's, what is written over would be held to ransom.
          Null: {
            's3:x-amz-server-side-encryption': 'true',
            's3:x-amz-server-side-encryption-customer-algorithm': 'true',
          },
        },
      },
      {
        Sid: 'Encrypt',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: key,
        // S3 asks for it, from nobody's network, and names the bucket.
        Condition: {
          StringEquals: {
            'kms:ViaService': `s3.${account.region}.amazonaws.com`,
            'kms:EncryptionContext:aws:s3:arn': this.arn,
          },
        },
      },
    ];
  }
}

/** Others of the account, administrators too, read nothing before they have changed this policy. */
function readByUser(bucket: pulumi.Output<string>, user: pulumi.Output<string>): Statement {
  return {
    Sid: 'ReadByUser',
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:GetObject', 's3:GetObjectVersion'],
    Resource: pulumi.interpolate`${bucket}/*`,
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': user } },
  };
}

/** Only their age ends them. */
function versionsStay(bucket: pulumi.Output<string>): Statement {
  return {
    Sid: 'VersionsStay',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:DeleteObjectVersion',
    Resource: pulumi.interpolate`${bucket}/*`,
  };
}
