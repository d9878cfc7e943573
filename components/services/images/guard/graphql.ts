import type { FastifyReply, FastifyRequest } from 'fastify';
import { header, passedHeaders } from './asked';
import { readBody } from './body';
import type { GraphqlDoor, GuardConfig } from './config';
import { requirePlace, requireScope, type Granted } from './decide';
import { passedOn, type Forwarder } from './forward';
import type { RateLimits } from './limits';
import type { Metrics } from './metrics';
import { examine } from './query';
import { Refusal } from './refusal';

interface Parts {
  readonly config: GuardConfig;
  readonly limits: RateLimits;
  readonly forwarder: Forwarder;
  readonly metrics: Metrics;
}

/**
 * Before the body is read: one POST of JSON. Other media types are what a foreign page can make a browser send unasked;
 * a query in an address would stand in logs and caches. Throws `Refusal`.
 */
export function requireJson(request: FastifyRequest): void {
  if (header(request, 'upgrade') !== '') {
    throw new Refusal(400, 'websocket_unsupported', 'WebSocket is not served here: use POST');
  }
  if (request.method !== 'POST') {
    throw new Refusal(405, 'method_not_allowed', 'send the query by POST', { allow: 'POST' });
  }
  const json = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
  const encoding = header(request, 'content-encoding');
  if (!json.test(header(request, 'content-type')) || !/^(?:identity)?$/i.test(encoding)) {
    throw new Refusal(
      415,
      'media_type_unsupported',
      'send the query as application/json in UTF-8, not compressed',
    );
  }
}

/** Reads the query, holds it against the limits, passes it on as it came and the answer back as it comes. */
export async function graphql(
  request: FastifyRequest,
  reply: FastifyReply,
  { door, granted }: { readonly door: GraphqlDoor; readonly granted: Granted },
  { config, limits, forwarder, metrics }: Parts,
): Promise<FastifyReply> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { writes, cost } = examine(readBody(body), config.query);
  requirePlace(granted, door);
  requireScope(granted, 'graphql', writes ? 'write' : 'read');
  await limits.spend(granted.counted, cost);
  metrics.cost(cost);

  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  const answer = await forwarder.send({
    door,
    headers: { ...passedHeaders(request, granted), authorization: granted.authorization },
    body,
    writes,
    signal: left.signal,
  });
  return reply
    .code(answer.statusCode ?? 502)
    .headers({ ...passedOn(answer), ...granted.rate })
    .send(answer);
}

export function refuseGraphql(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, reason, headers } = refusal;
  return reply
    .code(status)
    .headers({ ...headers, 'x-strata-reason': reason })
    .send({ errors: [graphqlError(refusal)] });
}

/** A refusal as GraphQL clients show it. */
export function graphqlError({ message, reason }: Refusal): object {
  return { message, extensions: { code: reason } };
}
