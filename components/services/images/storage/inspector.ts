import { createHash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { Refusal } from '../shared/refusal';
import { fits, sniffedBytes } from './sniff';

/**
 * Looks at an upload while it passes: holds its beginning back until that shows what it is, counts, and hashes.
 * Fails with a `Refusal` when the content is not what was announced; then nothing of it is stored.
 */
export class Inspector extends Transform {
  private readonly hash = createHash('sha256');
  private head: Buffer | undefined = Buffer.alloc(0);
  private passed = 0;

  constructor(
    private readonly size: number,
    private readonly mimeType: string,
  ) {
    super();
  }

  /** Of everything that has passed; hex. */
  sha256(): string {
    return this.hash.copy().digest('hex');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.passed += chunk.length;
    if (this.passed > this.size) {
      done(wrongSize(this.size));
      return;
    }
    this.hash.update(chunk);
    if (this.head === undefined) {
      done(null, chunk);
      return;
    }
    this.head = Buffer.concat([this.head, chunk]);
    if (this.head.length < sniffedBytes) done();
    else this.letHeadPass(done);
  }

  override _flush(done: TransformCallback): void {
    if (this.passed < this.size) done(wrongSize(this.size));
    else if (this.head === undefined) done();
    else this.letHeadPass(done);
  }

  private letHeadPass(done: TransformCallback): void {
    const { head } = this;
    this.head = undefined;
    if (head !== undefined && fits(head, this.mimeType)) done(null, head);
    else {
      done(
        new Refusal(
          415,
          'content_type_mismatch',
          `the content does not look like ${this.mimeType}, as which it was announced`,
        ),
      );
    }
  }
}

/** Feeds one stream to another without ever closing the first: a request must live to be answered. */
export function feed(source: Readable, sink: Transform): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      source.unpipe(sink);
      sink.destroy(error);
      // What still comes is thrown away.
      source.resume();
      reject(error);
    };
    source.once('error', fail);
    source.once('close', () => {
      if (!source.readableEnded) {
        fail(new Refusal(400, 'upload_interrupted', 'the upload ended before the announced size'));
      }
    });
    sink.once('error', fail);
    sink.once('end', resolve);
    source.pipe(sink);
  });
}

function wrongSize(size: number): Refusal {
  return new Refusal(400, 'size_mismatch', `the content has not the announced ${size} bytes`);
}
