import type { FastifyReply, FastifyRequest } from 'fastify';
import { header } from './asked';
import type { Authenticator } from './authenticate';
import type { Asked } from './decide';
import { opensToAnonKey, targetOf, type Routes } from './routes';

/** What lets a request in of which nobody knows whose it is. */
interface Parts {
  readonly authenticator: Authenticator;
  readonly routes: Routes;
}

/**
 * What a service is to see as the token of a request that brings the anon key to a route that it opens: the caller's
 * own, which the service judges itself (people who sign in have none for a tenant yet), or else that key. Undefined for
 * every other request. The key stands in the header `apikey`, or for web sockets, of which browsers set no header, in
 * the query. Throws `Refusal` (401, 429) when what stands there is not the platform's anon key.
 */
export async function anonymousToken(
  request: FastifyRequest,
  { authorization, apiKey, address }: Asked,
  { authenticator, routes }: Parts,
): Promise<string | undefined> {
  if (apiKey) return undefined;
  const target = targetOf((name) => header(request, name));
  if (!opensToAnonKey(routes, target)) return undefined;
  const sent = header(request, 'apikey') || inQuery(target.uri);
  if (sent === '') return undefined;
  await authenticator.anonKey(sent, address);
  const [, own] = /^Bearer ([\w.-]+)$/i.exec(authorization ?? '') ?? [];
  return own ?? sent;
}

/** Lets in without saying whose request it is. */
export function admitAnonymous(reply: FastifyReply, token: string): FastifyReply {
  return reply.code(204).header('x-strata-authorization', `Bearer ${token}`).send();
}

function inQuery(uri: string): string {
  const [, query = ''] = uri.split('#', 1)[0]?.split(/\?(.*)/s) ?? [];
  const [key = '', ...others] = new URLSearchParams(query).getAll('apikey');
  // The service behind may read another of several.
  return others.length === 0 ? key : 'several';
}
