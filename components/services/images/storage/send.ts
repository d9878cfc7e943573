import type { FastifyReply, FastifyRequest } from 'fastify';
import { Transform } from 'node:stream';
import { answer } from './download';
import type { PublicFile } from './files';
import type { Metrics } from './metrics';
import type { ObjectStore } from './store';

/** Answers a request with a file's content, or the part of it that was asked for. */
export async function send(
  { store, metrics }: { readonly store: ObjectStore; readonly metrics: Metrics },
  file: PublicFile,
  inline: boolean,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { status, headers, range } = answer(file, {
    range: request.headers.range,
    ifRange: request.headers['if-range'] as string | undefined,
    ifNoneMatch: request.headers['if-none-match'],
    inline,
  });
  if (status === 304) return reply.code(status).headers(headers).send();
  const content = await store.get(file.tenantId, file.id, range);
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      metrics.moved('out', chunk.length);
      done(null, chunk);
    },
  });
  content.on('error', (error) => counted.destroy(error));
  // Who goes away does not leave a connection to the store behind.
  counted.on('close', () => content.destroy());
  return reply.code(status).headers(headers).send(content.pipe(counted));
}
