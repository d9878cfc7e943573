import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { Refusal } from '../shared/refusal';

/** Where the objects of one tenant are: a bucket, and a client that may use it. */
export interface Place {
  readonly client: S3Client;
  readonly bucket: string;
}

/** What stores differ in: Garage gives each tenant a bucket and a key, any other S3 has one bucket for all. */
export interface Places {
  of(tenantId: string): Promise<Place>;
  /** Throws when the store cannot do its work. */
  check(): Promise<void>;
}

export interface StoredObject {
  readonly id: string;
  readonly size: number;
  readonly modified: Date;
}

/** First and last byte, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Files' objects. A key is `<tenant id>/<file id>`, on every store, and nothing that a user writes is part of it. */
export class ObjectStore {
  constructor(private readonly places: Places) {}

  check(): Promise<void> {
    return this.places.check();
  }

  /** Stores exactly `size` bytes, in one piece: until the last of them there is no object. */
  async put(
    tenantId: string,
    id: string,
    body: Readable,
    size: number,
    abortSignal: AbortSignal,
  ): Promise<void> {
    const { client, bucket } = await this.places.of(tenantId);
    await answered(
      client.send(
        new PutObjectCommand({
          ...named(bucket, tenantId, id),
          Body: body,
          ContentLength: size,
          ContentType: 'application/octet-stream',
        }),
        { abortSignal },
      ),
    );
  }

  async get(tenantId: string, id: string, range: Range | undefined): Promise<Readable> {
    const { client, bucket } = await this.places.of(tenantId);
    const { Body } = await answered(
      client.send(
        new GetObjectCommand({
          ...named(bucket, tenantId, id),
          ...(range && { Range: `bytes=${range.first}-${range.last}` }),
        }),
      ),
    );
    return Body as Readable;
  }

  async has(tenantId: string, id: string): Promise<boolean> {
    const { client, bucket } = await this.places.of(tenantId);
    try {
      await client.send(new HeadObjectCommand(named(bucket, tenantId, id)));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  }

  /** One that is not there is removed as well. */
  async remove(tenantId: string, id: string): Promise<void> {
    const { client, bucket } = await this.places.of(tenantId);
    await answered(client.send(new DeleteObjectCommand(named(bucket, tenantId, id))));
  }

  /** All objects of a tenant in the order of their ids. */
  async *list(tenantId: string): AsyncGenerator<StoredObject, undefined> {
    const { client, bucket } = await this.places.of(tenantId);
    let token: string | undefined;
    do {
      const page = await answered(
        client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: `${tenantId}/`,
            ContinuationToken: token,
          }),
        ),
      );
      for (const { Key = '', Size = 0, LastModified = new Date() } of page.Contents ?? []) {
        yield { id: Key.slice(tenantId.length + 1), size: Size, modified: LastModified };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return undefined;
  }
}

function named(bucket: string, tenantId: string, id: string): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: `${tenantId}/${id}` };
}

/** What a store answers, in words for the caller of this service. */
async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) {
      throw new Refusal(410, 'content_missing', 'the content of this file is missing');
    }
    // Garage's own quota, behind the one in the database.
    if (status === 403 && /quota/i.test((error as Error).message)) {
      throw new Refusal(413, 'quota_exceeded', 'the store keeps no more for this tenant');
    }
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
