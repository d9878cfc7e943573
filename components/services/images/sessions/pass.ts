import type { FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import { clearedCookies } from './cookies';
import { asObject } from './dialect';
import { innerOf, type Inner } from './inner';
import { leave } from './leave';
import { requireNoForeignPage } from './origin';
import type { Outcome, Parts } from './parts';
import { redirected } from './redirect';
import { cookiesAfter, refreshTokenOf, refreshUpstream, settlingOf } from './refresh';
import { parsed, type Settling } from './settle';
import { forwarded, type UpstreamAnswer } from './upstream';

/**
 * A request to a path of the upstream's own. It goes on without cookies, and with an access token only where that is one
 * of ours that counts; tokens in the answer are replaced, wherever they stand.
 */
export async function pass(request: FastifyRequest, parts: Parts): Promise<Outcome> {
  const { config, dialect } = parts;
  const inner = innerOf(request);
  const { path, query, json } = inner;
  requireNoForeignPage(request, path, config.origins);

  const scope = request.method === 'POST' ? dialect.signOutScope(path, query, json) : undefined;
  if (scope !== undefined) {
    await leave(request, inner, scope, parts);
    const { status, body } = dialect.signedOut;
    const cookies = scope === 'others' ? [] : clearedCookies;
    return { status, headers: { 'content-type': 'application/json' }, cookies, body };
  }
  if (request.method === 'POST' && dialect.isRefresh(path, query, json)) {
    const kept = refreshTokenOf(request, inner, parts);
    const answer = await refreshUpstream(request, kept, parts);
    if (answer.status >= 400)
      return { ...answer, cookies: kept?.fromCookie ? cookiesAfter(answer) : [] };
    return rewritten(answer, inner, await settlingOf(request, kept, false, parts), parts);
  }
  const answer = await asked(request, inner, parts);
  return rewritten(answer, inner, await settlingOf(request, undefined, true, parts), parts);
}

async function asked(request: FastifyRequest, inner: Inner, parts: Parts): Promise<UpstreamAnswer> {
  const { path, query } = inner;
  const caller = await parts.callers.optional(request);
  return parts.upstream.ask({
    method: request.method,
    path,
    query: query.toString(),
    headers: forwarded(request.headers, caller?.token),
    body: request.body instanceof Buffer ? request.body : undefined,
  });
}

/** The answer with our tokens in the place of the upstream's. */
async function rewritten(
  answer: UpstreamAnswer,
  { path }: Inner,
  settling: Settling,
  parts: Parts,
): Promise<Outcome> {
  const { dialect, settler, metrics } = parts;
  const { status, headers, body } = answer;
  if (headers.location !== undefined) return redirected(answer, settling, parts);
  if (status >= 400) {
    metrics.rejected('other');
    return answer;
  }
  // Whatever it calls its body: what can be read as tokens is read as tokens.
  const json = asObject(parsed(body));
  if (json === undefined || dialect.isForeign(path)) return answer;
  const found = dialect.find(json);
  if (!found) {
    if (mentionsToken(json)) {
      throw new Refusal(
        502,
        'upstream_invalid',
        'the auth service sent a token where none belongs',
      );
    }
    return answer;
  }
  const settled = await settler.settle(found, settling);
  if (settling.begins) metrics.signedIn(settled.tenant !== undefined);
  else metrics.refreshed('refresh');
  return {
    status,
    headers,
    cookies: settled.cookies,
    body: {
      ...dialect.replace(json, { ...settled, accessToken: settled.token }),
    },
  };
}

/** A token in another place than a dialect knows would come through as it is. */
function mentionsToken(json: object): boolean {
  return /"(?:access_?token)":"[\w-]+\.[\w-]+\.[\w-]+"/i.test(JSON.stringify(json));
}
